// A file sent in pieces: what has come stays, and after a break it goes on where it stopped.

import { config } from "./config.js";

const TRIES = 8;
const PAUSE_MS = 1500;
const wait = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Ask our own server; the answer is JSON, a failure carries the sentence that the server gave. */
export async function ask(place, options = {}) {
  const headers = { Accept: "application/json", "X-CSRF-Token": config.csrf, ...options.headers };
  const answer = await fetch(place, { ...options, headers });
  const told = await answer.json().catch(() => ({}));
  if (answer.ok) return told;
  throw Object.assign(new Error(told.detail || answer.statusText), { status: answer.status });
}

export const askWith = (place, body) => ask(place, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });

/** Send what is missing of a file; `onProgress` is told the share that has come and whether the line is broken. */
export async function sendFile(job, file, onProgress) {
  let known = job;
  let failures = 0;
  while (known.state === "uploading") {
    const offset = known.received_bytes;
    try {
      const body = file.slice(offset, offset + config.pieceBytes);
      known = await ask(`/api/imports/${job.id}/content?offset=${offset}`, { method: "PUT", headers: { "Content-Type": "application/octet-stream" }, body });
      failures = 0;
      onProgress(known.received_bytes / known.size_bytes, false);
    } catch (error) {
      failures += 1;
      const isAbroad = error.status && error.status !== 409 && error.status < 500 && error.status !== 429;
      if (isAbroad || failures > TRIES) throw error;
      onProgress(known.received_bytes / known.size_bytes, true);
      await wait(PAUSE_MS * failures);
      known = await ask(`/api/imports/${job.id}`).catch(() => known);
    }
  }
  return known;
}

/** Show a share in a line with a progress bar. */
export function showShare(line, share, text) {
  line.hidden = false;
  line.querySelector("progress").value = share;
  line.querySelector("span").textContent = text;
}
