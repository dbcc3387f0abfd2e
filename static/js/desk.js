// The desk: the queue worked by keys, the cases on a map beside it.

import { backgroundMap } from "./background_map.js";
import { config } from "./config.js";
import { byId } from "./elements.js";

const { L } = window;
const COLORS = { red: "#ff7a45", yellow: "#fdd06a", green: "#7fd3c0", suspended: "#8fa1b3", none: "#8fa1b3" };
const RADII = { low: 5, general: 6, major: 8, severe: 10 };
const CLOSE_ZOOM = 15;
const SETTLED_MS = 2500;

const map = backgroundMap("desk-map");

const rows = [...document.querySelectorAll("#queue tbody tr")];
const rowOf = new Map(rows.map((row) => [row.dataset.id, row]));
const markers = new Map(config.cases.map((each) => [each.id, marker(each)]));
if (config.cases.length) map.fitBounds(L.latLngBounds(config.cases.map(({ lat, lon }) => [lat, lon])).pad(0.1), { maxZoom: CLOSE_ZOOM, animate: false });
let current = -1;

function marker({ id, lat, lon, light, severity }) {
  const style = { radius: RADII[severity], color: "#0b1219", weight: 1.5, fillColor: COLORS[light], fillOpacity: 0.95 };
  return L.circleMarker([lat, lon], style).addTo(map).on("click", () => select(rows.indexOf(rowOf.get(id)), { pan: false }));
}

function select(position, { pan = true } = {}) {
  if (!rows.length) return;
  const before = rows[current];
  before?.removeAttribute("aria-selected");
  markers.get(before?.dataset.id)?.setStyle({ color: "#0b1219", weight: 1.5 });
  current = Math.max(0, Math.min(position, rows.length - 1));
  const row = rows[current];
  row.setAttribute("aria-selected", "true");
  row.focus({ preventScroll: true });
  row.scrollIntoView({ block: "nearest" });
  const chosen = markers.get(row.dataset.id).setStyle({ color: "#ffffff", weight: 3 }).bringToFront();
  if (pan && !map.getBounds().pad(-0.1).contains(chosen.getLatLng())) map.panTo(chosen.getLatLng());
}

const boxes = rows.map((row) => row.querySelector("input[type=checkbox]"));
const chosenRows = () => rows.filter((row, n) => boxes[n].checked);

/** Offer only the steps that every chosen case allows. */
function refreshBulk() {
  const action = byId("bulk-action");
  if (!action) return;
  const chosen = chosenRows();
  const allowed = (name) => chosen.every((row) => row.dataset.permitted.split(" ").includes(name));
  for (const option of action.options) option.disabled = chosen.length > 0 && !allowed(option.value);
  if (action.selectedOptions[0]?.disabled) action.value = [...action.options].find((option) => !option.disabled)?.value ?? "";
  byId("chosen").textContent = byId("chosen").dataset.words.replace("{count}", chosen.length);
  byId("bulk-go").disabled = chosen.length === 0 || !action.value;
  byId("bulk-unit").hidden = action.value !== "assign";
  byId("bulk-reason").required = document.querySelector(".bulk").dataset.needsReason.split(" ").includes(action.value);
}

function toggle(position) {
  const box = boxes[position];
  if (box && !box.disabled) box.checked = !box.checked;
  refreshBulk();
}

// Without animation: Leaflet drops what is asked while it still zooms.
const keys = {
  j: () => select(current + 1),
  k: () => select(current - 1),
  ArrowDown: () => select(current + 1),
  ArrowUp: () => select(current - 1),
  x: () => toggle(current),
  Enter: () => rows[current] && location.assign(`/cases/${rows[current].dataset.id}`),
  m: () => rows[current] && map.setView(markers.get(rows[current].dataset.id).getLatLng(), CLOSE_ZOOM, { animate: false }),
  "/": () => byId("f-q").focus(),
};
document.addEventListener("keydown", (event) => {
  if (event.target.closest("input, select, button, a, textarea") || event.ctrlKey || event.metaKey || event.altKey) return;
  const act = keys[event.key.length === 1 ? event.key.toLowerCase() : event.key];
  if (!act) return;
  event.preventDefault();
  act();
});
rows.forEach((row, n) => row.addEventListener("click", (event) => event.target.closest("a, input") || select(n)));
boxes.forEach((box) => box.addEventListener("change", refreshBulk));
byId("bulk-action")?.addEventListener("change", refreshBulk);
byId("all")?.addEventListener("change", (event) => {
  for (const box of boxes) box.checked = event.target.checked && !box.disabled;
  refreshBulk();
});
refreshBulk();

// New cases come by themselves, but never under the hands of somebody who is choosing or typing.
const source = new EventSource(config.urls.events);
const isIdle = () => chosenRows().length === 0 && current < 0 && !document.activeElement.closest("input, select, textarea");
let newest = config.dataVersion;
let isLeaving = false;
// Whoever has just followed a link must not be held back by a list that reloads.
window.addEventListener("beforeunload", () => (isLeaving = true));
window.addEventListener("pageshow", () => (isLeaving = false));
source.addEventListener("data", (event) => {
  newest = JSON.parse(event.data).version;
  // A moment later: another process of the server may still tell of the data before those of this page.
  setTimeout(() => newest !== config.dataVersion && !isLeaving && isIdle() && location.reload(), SETTLED_MS);
});
source.addEventListener("end", () => location.assign("/login?next=/desk"));

window.jingwei = { desk: { map, select } };
