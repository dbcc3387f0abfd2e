// The map of one import: rows, refused ones, doubles, faults of boundaries and ground that changes hands.

import { backgroundMap } from "./background_map.js";
import { byId, element } from "./elements.js";

const { L } = window;
const COLORS = { good: "#58c4dc", refused: "#ff7a45", double: "#fdd06a", gridless: "#d7a8f5", fault: "#ff4d6d", change: "#7fd3c0" };
const CLOSE_ZOOM = 16;

const map = backgroundMap("import-map", { minZoom: 7, scrollWheelZoom: false });
const canvas = L.canvas({ padding: 0.3, tolerance: 6 });
const drawn = L.featureGroup().addTo(map);

export function clearMap() {
  drawn.clearLayers();
  for (const line of document.querySelectorAll("#map-frame [data-kind]")) line.hidden = true;
}

const told = (words) => () => element("div", {}, [].concat(words).map((line) => element("div", { textContent: line })));

export function addPoint(kind, lon, lat, words) {
  const style = { renderer: canvas, radius: kind === "good" ? 4 : 7, color: "#0b1219", weight: 1, fillColor: COLORS[kind], fillOpacity: 0.9 };
  drawn.addLayer(L.circleMarker([lat, lon], style).bindTooltip(told(words), { sticky: true }));
  known(kind);
}

export function addShape(kind, shape, words) {
  const style = { renderer: canvas, color: COLORS[kind], weight: kind === "fault" ? 3 : 1.5, fillColor: COLORS[kind], fillOpacity: kind === "good" ? 0.12 : 0.35 };
  const pointStyle = { ...style, radius: 4, color: "#0b1219", weight: 1, fillOpacity: 0.9 };
  const layer = L.geoJSON(shape, { style, pointToLayer: (_, place) => L.circleMarker(place, pointStyle) });
  drawn.addLayer(layer.bindTooltip(told(words), { sticky: true }));
  known(kind);
}

function known(kind) {
  document.querySelector(`#map-frame [data-kind=${kind}]`).hidden = false;
}

export function showAll() {
  const bounds = drawn.getBounds();
  if (bounds.isValid()) map.fitBounds(bounds.pad(0.08), { animate: false, maxZoom: CLOSE_ZOOM });
}

/** Show a place, or a shape, from near. */
export function showPlace(lon, lat) {
  map.setView([lat, lon], CLOSE_ZOOM, { animate: false });
  byId("import-map").scrollIntoView({ block: "center" });
}

export function showShape(shape) {
  map.fitBounds(L.geoJSON(shape).getBounds().pad(0.5), { animate: false, maxZoom: 19 });
  byId("import-map").scrollIntoView({ block: "center" });
}

export const importMap = map;
