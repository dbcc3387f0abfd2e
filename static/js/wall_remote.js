// The wall's remote control: scenes as buttons, and which of the saved ones take turns.

import { byId } from "./elements.js";
import { answeredOrShown } from "./sending.js";

const { csrf } = byId("remote").dataset;
const FIELDS = ["name", "view", "dwell_s", "on_wall", "place", "version"];

byId("remote").addEventListener("click", async ({ target }) => {
  const button = target.closest("[data-paused]");
  if (!button) return;
  const body = { scene: button.dataset.scene || null, paused: button.dataset.paused === "true" };
  if ((await answeredOrShown("/api/wall/command", { csrf, body })) === undefined) return;
  for (const each of byId("remote").children) each.setAttribute("aria-pressed", each === button);
});

for (const row of document.querySelectorAll("tr[data-scene]")) {
  const scene = JSON.parse(row.dataset.scene);
  row.addEventListener("change", async ({ target }) => {
    const value = target.type === "checkbox" ? target.checked : Number(target.value);
    const body = { ...Object.fromEntries(FIELDS.map((name) => [name, scene[name]])), [target.dataset.field]: value };
    if (await answeredOrShown(`/api/scenes/${scene.id}`, { csrf, method: "PUT", body })) location.reload();
  });
  row.querySelector("[data-do]").addEventListener("click", async () => {
    if ((await answeredOrShown(`/api/scenes/${scene.id}`, { csrf, method: "DELETE" })) !== undefined) location.reload();
  });
}
