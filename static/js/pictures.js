// Pictures of a case: sent one after the other with their progress, again after a lost connection, looked at in a frame.

const WAITS_MS = [1000, 3000, 9000];
const section = document.querySelector("#pictures");
const status = section.querySelector("#picture-status");
const bar = section.querySelector("#picture-bar");

/** Send one picture; the identifier stays the same in each try, so that it is stored once. */
function send(file, kind) {
  const place = `${section.dataset.url}/${crypto.randomUUID?.() ?? uuid()}?kind=${kind}`;
  const attempt = (tries) => new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("PUT", place);
    request.setRequestHeader("Content-Type", file.type || "application/octet-stream");
    request.setRequestHeader("X-CSRF-Token", section.dataset.csrf);
    request.upload.addEventListener("progress", ({ loaded, total }) => { bar.max = total; bar.value = loaded; });
    request.addEventListener("load", () => (request.status < 300 ? resolve() : reject(new Error(detailOf(request)))));
    request.addEventListener("error", () => {
      if (tries >= WAITS_MS.length) return reject(new Error(section.dataset.lost));
      status.textContent = section.dataset.again;
      return setTimeout(() => attempt(tries + 1).then(resolve, reject), WAITS_MS[tries]);
    });
    request.send(file);
  });
  return attempt(0);
}

function detailOf(request) {
  try {
    return JSON.parse(request.responseText).detail;
  } catch {
    return `HTTP ${request.status}`;
  }
}

// crypto.randomUUID is only there over https and on this machine.
function uuid() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 15) | 64;
  bytes[8] = (bytes[8] & 63) | 128;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}

for (const input of section.querySelectorAll("input[type=file]")) {
  input.addEventListener("change", async () => {
    bar.hidden = false;
    try {
      for (const file of input.files) {
        status.textContent = section.dataset.sending;
        await send(file, input.dataset.kind);
      }
      location.reload();
    } catch (error) {
      status.textContent = error.message;
      bar.hidden = true;
    }
    input.value = "";
  });
}

const frame = section.querySelector("#picture-frame");
const withdrawal = frame.querySelector("#picture-withdraw");
const links = [...section.querySelectorAll("a.picture")];
let shown = 0;

function show(position) {
  shown = (position + links.length) % links.length;
  const image = frame.querySelector("img");
  image.src = links[shown].href;
  image.alt = links[shown].querySelector("img").alt;
  withdrawal.hidden = links[shown].dataset.own === undefined;
  if (!frame.open) frame.showModal();
}

links.forEach((link, position) => link.addEventListener("click", (event) => {
  event.preventDefault();
  show(position);
}));
frame.addEventListener("click", ({ target }) => { if (target !== withdrawal) frame.close(); });
frame.addEventListener("keydown", (event) => {
  const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (step) show(shown + step);
});
withdrawal.addEventListener("click", async () => {
  if (!window.confirm(withdrawal.dataset.ask)) return;
  const answer = await fetch(links[shown].href, { method: "DELETE", headers: { "X-CSRF-Token": section.dataset.csrf } }).catch(() => null);
  if (answer?.ok) return location.reload();
  frame.close();
  status.textContent = (await answer?.json().catch(() => null))?.detail ?? section.dataset.lost;
  return undefined;
});
