// The map of missed duties: each area by how often it was missed; a click opens the list behind the count.

import { backgroundMap } from "./background_map.js";
import { config } from "./config.js";
import { byId, element } from "./elements.js";
import { fetchJson } from "./requests.js";

const { L } = window;
const { areas: address, list, words: WORDS } = config.duties;
const COLORS = [[4, "#c63d2f"], [2, "#ee8a3c"], [1, "#f6c667"], [0, "#1f5a4c"]];
const EDGE = "#8fa1b3";

const map = backgroundMap("duty-map", { maxZoom: 17, zoomSnap: 0.5, scrollWheelZoom: false });

function styleOf({ properties: { owed, missed } }) {
  const fill = owed ? { fillColor: COLORS.find(([least]) => missed >= least)[1], fillOpacity: 0.8 } : { fillOpacity: 0 };
  return { ...fill, color: EDGE, weight: 0.7, opacity: 0.8 };
}

function explain({ properties }, layer) {
  const { code, name, township, owed, missed } = properties;
  const counts = (owed ? WORDS.counts : WORDS.nothing).replace(/\{(\w+)\}/g, (whole, key) => String(properties[key] ?? whole));
  const lines = [township ? `${township} · ${name}` : name, counts];
  layer.bindTooltip(() => element("div", {}, lines.map((line) => element("div", { textContent: line }))), { sticky: true });
  layer.on("click", () => location.assign(`${list}&area=${encodeURIComponent(code)}${missed ? "&state=missed" : ""}`));
}

let isReady = false;
fetchJson(address).then((areas) => {
  const drawn = L.geoJSON(areas, { renderer: L.canvas({ padding: 0.3 }), style: styleOf, onEachFeature: explain }).addTo(map);
  if (areas.features.length) map.fitBounds(drawn.getBounds(), { animate: false });
}).catch((error) => {
  byId("map-problem").textContent = error.status ? error.message : WORDS.failed;
}).finally(() => {
  isReady = true;
});

window.jingwei = { dutyMap: { map, isReady: () => isReady } };
