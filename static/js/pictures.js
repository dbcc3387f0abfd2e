// Pictures of a case: sent one after the other with their progress, again after a lost connection, looked at in a frame.

import { sendPicture } from "./picture_sending.js";

const section = document.querySelector("#pictures");
const status = section.querySelector("#picture-status");
const bar = section.querySelector("#picture-bar");

for (const input of section.querySelectorAll("input[type=file]")) {
  input.addEventListener("change", async () => {
    bar.hidden = false;
    try {
      for (const file of input.files) {
        status.textContent = section.dataset.sending;
        await sendPicture(file, section.dataset.url, {
          kind: input.dataset.kind,
          csrf: section.dataset.csrf,
          lost: section.dataset.lost,
          onProgress: (loaded, total) => { bar.max = total; bar.value = loaded; },
          onRetry: () => { status.textContent = section.dataset.again; },
        });
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
