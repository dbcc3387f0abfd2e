// The page of the shift's log: a line is sent once, also when the connection broke in between, and then shown.

import { byId } from "./elements.js";
import { answered } from "./sending.js";

const form = byId("shift-form");
let waiting = null;

byId("print-log").addEventListener("click", () => window.print());

form?.addEventListener("submit", async (event) => {
  event.preventDefault();
  const { value: kind } = event.submitter;
  const words = byId("shift-words").value.trim();
  // The same line sent again after a failure keeps its identifier, so it is stored once.
  if (!waiting || waiting.kind !== kind || waiting.words !== words) waiting = { id: crypto.randomUUID(), kind, words };
  for (const button of form.querySelectorAll("button")) button.disabled = true;
  byId("shift-error").hidden = true;
  try {
    const stored = await answered("/api/shifts/entries", { csrf: form.dataset.csrf, body: waiting });
    waiting = null;
    if (stored.warnings) {
      byId("shift-warning").textContent = stored.warnings[0].sentence;
      byId("shift-warning").hidden = false;
      setTimeout(() => location.reload(), 4000);
    } else location.reload();
  } catch (error) {
    byId("shift-error").textContent = error.message;
    byId("shift-error").hidden = false;
    for (const button of form.querySelectorAll("button")) button.disabled = false;
  }
});
