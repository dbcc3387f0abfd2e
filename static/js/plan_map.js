// The plan on its map: routes, stops to be dragged from team to team, what is left out, streets that are closed.

import { backgroundMap } from "./background_map.js";
import { byId, element } from "./elements.js";
import { chosen, clock, COLORS, current, draw, edit, editable, give, label, lockOf, problem, routeOf, stops, worth, WORDS } from "./plan_state.js";

const { L } = window;
const CLOSE_ZOOM = 16;
export const map = backgroundMap("plan-map", { zoomSnap: 0.5 });
const drawn = L.layerGroup().addTo(map);
const latLng = ([lon, lat]) => [lat, lon];
let pending = "";

export function drawMap() {
  drawn.clearLayers();
  const known = stops();
  const visited = new Set();
  const { content } = current();
  for (const line of Object.values(content.closed_lines ?? {})) {
    L.polyline(line.map(latLng), { color: "#c63d2f", weight: 6, opacity: 0.9, dashArray: "4 8", interactive: false }).addTo(drawn);
  }
  content.result.routes.forEach((route, at) => {
    const color = COLORS[at % COLORS.length];
    const faded = chosen.team && chosen.team !== route.team;
    if (route.line.length) L.polyline(route.line.map(latLng), { color, weight: faded ? 2 : 4, opacity: faded ? 0.35 : 0.9 }).addTo(drawn).on("click", () => !pending && chooseTeam(route.team));
    route.visits.forEach(({ stop: code, begins_at: begins }, order) => {
      visited.add(code);
      drawStop(known.get(code), { order, begins, color, faded });
    });
  });
  for (const stop of content.stops) {
    if (visited.has(stop.code)) continue;
    const isDropped = content.dropped.includes(stop.code);
    L.circleMarker([stop.lat, stop.lon], { radius: 4 + Math.sqrt(worth(stop)), color: "#8fa1b3", weight: 1, fillColor: isDropped ? "#c63d2f" : "#8fa1b3", fillOpacity: 0.35 })
      .bindTooltip(`${label(stop)} · ${worth(stop)}`).addTo(drawn).on("click", () => chooseStop(stop.code));
  }
}

function drawStop(stop, { order, begins, color, faded }) {
  const size = stop.code === chosen.stop ? 30 : 22;
  const sign = element("span", { className: "stop-mark", textContent: String(order + 1) });
  sign.style.cssText = `width:${size}px;height:${size}px;background:${color};opacity:${faded ? 0.4 : 1};${lockOf(stop.code) ? "border-color:#c63d2f;" : ""}`;
  const icon = L.divIcon({ html: sign, className: "", iconSize: [size, size] });
  const mark = L.marker([stop.lat, stop.lon], { icon, draggable: editable, title: `${label(stop)} ${clock(begins)}`, keyboard: false }).addTo(drawn);
  mark.on("click", () => chooseStop(stop.code));
  mark.on("dragend", () => give(stop.code, nearestTeam(mark.getLatLng(), stop.code)));
}

/** The team whose route is nearest to where a stop was dragged. */
function nearestTeam(place, code) {
  const spot = map.latLngToLayerPoint(place);
  let best = { distance: Infinity, team: "" };
  for (const { team, line, visits } of current().content.result.routes) {
    const own = visits.filter(({ stop }) => stop !== code).length;
    for (const each of own ? line : []) {
      const distance = spot.distanceTo(map.latLngToLayerPoint(latLng(each)));
      if (distance < best.distance) best = { distance, team };
    }
  }
  return best.team;
}

export function chooseStop(code) {
  chosen.stop = code;
  chosen.team = routeOf(code)?.team ?? "";
  const { lat, lon } = stops().get(code);
  if (!map.getBounds().pad(-0.1).contains([lat, lon])) map.panTo([lat, lon], { animate: false });
  draw();
  byId("plan-map").scrollIntoView({ block: "nearest" });
}

export function chooseTeam(team) {
  chosen.team = chosen.team === team ? "" : team;
  chosen.stop = "";
  const route = current().content.result.routes.find((each) => each.team === chosen.team);
  if (route?.line.length) map.fitBounds(L.latLngBounds(route.line.map(latLng)).pad(0.1), { maxZoom: CLOSE_ZOOM, animate: false });
  draw();
}

/** What the next click on the map does: "add" a stop, "close" a street, or nothing. */
export function setPending(kind) {
  pending = pending === kind ? "" : kind;
  byId("plan-map").classList.toggle("is-adding", Boolean(pending));
  for (const name of ["add", "close"]) byId(name).setAttribute("aria-pressed", String(pending === name));
  // On the map itself, so that nothing moves under the pointer.
  byId("map-hint").textContent = { add: WORDS.add_hint, close: WORDS.close_hint }[pending] ?? "";
  byId("map-hint").hidden = !pending;
  problem("");
}

map.on("click", ({ latlng }) => {
  const place = { lon: latlng.lng, lat: latlng.lat };
  const kind = pending;
  if (!kind) return;
  setPending(kind);
  edit(kind === "add" ? { add: [{ ...place, team: chosen.team }] } : { close_at: [place] });
});

export function showAll() {
  const places = current().content.result.routes.flatMap(({ line }) => line).map(latLng);
  if (places.length) map.fitBounds(L.latLngBounds(places).pad(0.05), { animate: false });
}
