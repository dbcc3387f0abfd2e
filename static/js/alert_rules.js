// The page of alert rules: fields of the chosen kind, a fence drawn as a circle, rules switched and removed.

import { byId } from "./elements.js";
import { answeredOrShown } from "./sending.js";

const form = byId("rule");
const { csrf } = form.dataset;
const CORNERS = 32;
const METRES_A_DEGREE = 111320;
const NUMBERS = ["hours", "minutes", "least", "within_m", "within_h"];

function showFields() {
  const kind = byId("kind").value;
  for (const part of form.querySelectorAll("[data-of]")) {
    part.hidden = !part.dataset.of.split(" ").includes(kind) || (part.querySelector("#minutes") !== null && byId("what").value !== "patrol");
    for (const input of part.querySelectorAll("input, select")) input.required = !part.hidden && input.name !== "category";
  }
}

function circle(lon, lat, metres) {
  const [high, wide] = [metres / METRES_A_DEGREE, metres / (METRES_A_DEGREE * Math.cos((lat * Math.PI) / 180))];
  return Array.from({ length: CORNERS }, (_, n) => {
    const turn = (2 * Math.PI * n) / CORNERS;
    return [lon + wide * Math.cos(turn), lat + high * Math.sin(turn)];
  });
}

function wanted() {
  const body = {};
  for (const [name, value] of new FormData(form)) {
    const part = byId(name).closest("[data-of]");
    if ((part && part.hidden) || value === "" || name.startsWith("fence_")) continue;
    body[name] = NUMBERS.includes(name) ? Number(value) : value;
  }
  if (body.kind === "geofence") body.fence = circle(...["fence_lon", "fence_lat", "fence_m"].map((id) => Number(byId(id).value)));
  return body;
}

form.addEventListener("change", showFields);
form.addEventListener("submit", async (event) => {
  event.preventDefault();
  if (await answeredOrShown("/api/alert-rules", { csrf, body: wanted() })) location.reload();
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
