// The page of alerts: steps at a press, and a word when something changed meanwhile.

import { byId } from "./elements.js";
import { answeredOrShown } from "./sending.js";

const csrf = byId("csrf").dataset.csrf;
const SOON_MS = 800;
let isActing = false;

async function step(card, body) {
  isActing = true;
  const answer = await answeredOrShown(`/api/alerts/${card.dataset.alert}/steps`, { csrf, body: { version: Number(card.dataset.version), ...body } });
  isActing = false;
  if (answer) location.reload();
}

document.addEventListener("click", ({ target }) => {
  const button = target.closest("[data-step]");
  if (button) step(button.closest("[data-alert]"), { step: button.dataset.step, minutes: Number(button.dataset.minutes ?? 0) });
});
document.addEventListener("change", ({ target }) => {
  if (target.matches("[data-unit]") && target.value) step(target.closest("[data-alert]"), { step: "assign", unit: target.value });
});

const source = new EventSource("/api/events");
let timer = 0;
for (const name of ["alert", "alerts"]) {
  source.addEventListener(name, () => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      if (!isActing) byId("changed").hidden = false;
    }, SOON_MS);
  });
}
