// Pictures are sent one by one, with progress, and again after a lost connection.

const WAITS_MS = [1000, 3000, 9000];

/** A random identifier; crypto.randomUUID is only there over https and on this machine. */
export function newId() {
  if (crypto.randomUUID) return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 15) | 64;
  bytes[8] = (bytes[8] & 63) | 128;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}

/** Return what a failed request says of itself. */
export function detailOf(request) {
  try {
    return JSON.parse(request.responseText).detail;
  } catch {
    return `HTTP ${request.status}`;
  }
}

/** Send one picture; its identifier stays the same in each try, so that it is stored once. */
export function sendPicture(file, address, { kind, csrf, lost, onProgress = () => {}, onRetry = () => {} }) {
  const place = `${address}/${newId()}?kind=${kind}`;
  const attempt = (tries) => new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("PUT", place);
    request.setRequestHeader("Content-Type", file.type || "application/octet-stream");
    request.setRequestHeader("X-CSRF-Token", csrf);
    request.upload.addEventListener("progress", ({ loaded, total }) => onProgress(loaded, total));
    request.addEventListener("load", () => (request.status < 300 ? resolve() : reject(new Error(detailOf(request)))));
    request.addEventListener("error", () => {
      if (tries >= WAITS_MS.length) return reject(new Error(lost));
      onRetry();
      return setTimeout(() => attempt(tries + 1).then(resolve, reject), WAITS_MS[tries]);
    });
    request.send(file);
  });
  return attempt(0);
}
