// The page of alert rules: fields of the chosen kind, a fence drawn on the map, rules switched and removed.

import { byId } from "./elements.js";
import { fenceMap } from "./fence_map.js";
import { answeredOrShown } from "./sending.js";

const form = byId("rule");
const { csrf } = form.dataset;
const fences = fenceMap();
const NUMBERS = ["hours", "minutes", "least", "within_m", "within_h"];

function showFields() {
  const kind = byId("kind").value;
  for (const part of form.querySelectorAll("[data-of]")) {
    part.hidden = !part.dataset.of.split(" ").includes(kind) || (part.querySelector("#minutes") !== null && byId("what").value !== "patrol");
    for (const input of part.querySelectorAll("input, select")) input.required = !part.hidden && input.name !== "category";
  }
  if (kind === "geofence") fences.show();
}

function wanted() {
  const body = {};
  for (const [name, value] of new FormData(form)) {
    const part = byId(name).closest("[data-of]");
    if ((part && part.hidden) || value === "") continue;
    body[name] = NUMBERS.includes(name) ? Number(value) : value;
  }
  if (body.kind === "geofence") body.fence = fences.corners();
  return body;
}

form.addEventListener("change", showFields);
form.addEventListener("submit", async (event) => {
  event.preventDefault();
  if (byId("kind").value === "geofence" && !fences.corners()) fences.ask();
  else if (await answeredOrShown("/api/alert-rules", { csrf, body: wanted() })) location.reload();
});
document.addEventListener("click", async ({ target }) => {
  const button = target.closest("[data-do]");
  if (!button) return;
  const address = `/api/alert-rules/${button.closest("[data-rule]").dataset.rule}`;
  const isRemoved = button.dataset.do === "remove";
  const answer = await (isRemoved ? answeredOrShown(address, { csrf, method: "DELETE" }) : answeredOrShown(`${address}/${button.dataset.do}`, { csrf }));
  if (answer !== undefined) location.reload();
});
showFields();
