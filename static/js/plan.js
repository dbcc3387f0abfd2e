// One patrol plan: its map, teams, reasons and versions, wired together, and the tools above the map.

import { config } from "./config.js";
import { byId } from "./elements.js";
import { newId } from "./picture_sending.js";
import { drawMap, map, setPending, showAll } from "./plan_map.js";
import { drawChosen, drawTeams } from "./plan_side.js";
import { ask, busy, chosen, current, draw, edit, onChange, problem, undo } from "./plan_state.js";
import { drawText } from "./plan_text.js";

onChange(() => {
  drawMap();
  drawTeams();
  drawChosen();
  drawText();
});

/** Make a copy to try out what if, and open it. */
async function copy() {
  const id = newId();
  const { told, fault } = await ask("copies", { id });
  if (told) location.assign(`/plans/${id}`);
  else problem(fault);
}

byId("copy").addEventListener("click", copy);
byId("undo").addEventListener("click", undo);
for (const name of ["add", "close"]) byId(name).addEventListener("click", () => setPending(name));
byId("dwell-form").addEventListener("submit", (event) => {
  event.preventDefault();
  edit({ dwell_all: Number(byId("w-dwell").value) });
});
byId("teams-form").addEventListener("submit", (event) => {
  event.preventDefault();
  const like = byId("w-like").value;
  edit({ extra: Array.from({ length: Number(byId("w-count").value) }, () => ({ like })) });
});
byId("minimum-form").addEventListener("submit", (event) => {
  event.preventDefault();
  edit({ minimums: { [byId("w-village").value]: Number(byId("w-least").value) } });
});
document.addEventListener("keydown", (event) => {
  if (event.key === "z" && (event.ctrlKey || event.metaKey) && !event.target.matches("input, select, textarea")) undo();
  if (event.key !== "Escape") return;
  setPending("");
  [chosen.stop, chosen.team] = ["", ""];
  draw();
});

showAll();
draw();
window.jingwei = { plan: { map, isReady: () => true, isBusy: busy, current, config } };
