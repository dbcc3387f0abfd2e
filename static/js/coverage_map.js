// The map of coverage: areas by a measure, gaps ranked on it, and the slider that plays through nights, weeks or months.

import { backgroundMap } from "./background_map.js";
import { config } from "./config.js";
import { followSlider } from "./coverage_slider.js";
import { byId, element } from "./elements.js";
import { fetchJson } from "./requests.js";

const { L } = window;
const { areas: address, values, village, measures, words: WORDS } = config.coverage;
const UNKNOWN = "#2a3540";
const EDGE = { color: "#8fa1b3", weight: 0.6, opacity: 0.8 };
const CHOSEN = { color: "#ffffff", weight: 2.5, opacity: 1 };
const RANKED = 10;

const map = backgroundMap("coverage-map", { maxZoom: 17, zoomSnap: 0.5, scrollWheelZoom: false });

const state = { measure: "share", rows: new Map(), shapes: new Map(), chosen: null };
const marks = L.layerGroup().addTo(map);

/** Return the share of an area's grids that nobody checked. */
function uncheckedShare({ found, checked_clear, unchecked }) {
  const all = found + checked_clear + unchecked;
  return all ? unchecked / all : null;
}

const stateOf = ({ found, checked_clear }) => (found ? "found" : checked_clear ? "checked_clear" : "unchecked");

/** Return colour and words of an area by the measure that is shown. */
function tellOf(row) {
  const measure = measures[state.measure];
  if (measure.by === "class") {
    const { color, label } = measure.classes.find(({ value }) => value === stateOf(row));
    return { color, text: label };
  }
  const value = measure.by === "unchecked_share" ? uncheckedShare(row) : row[measure.by];
  if (value === null || value === undefined) return { color: UNKNOWN, text: measure.unit === "days" ? WORDS.never : WORDS.none };
  const { color } = measure.stops.find(({ least }) => value >= least) ?? measure.stops.at(-1);
  return { color, text: measure.unit === "days" ? value.toFixed(1) : `${(100 * value).toFixed(1)} %` };
}

function styleOf(code) {
  const row = state.rows.get(code);
  return { fillColor: row ? tellOf(row).color : UNKNOWN, fillOpacity: 0.72, ...(state.chosen === code ? CHOSEN : EDGE) };
}

function paint() {
  for (const [code, shape] of state.shapes) shape.setStyle(styleOf(code));
  drawLegend();
  drawMarks();
}

function drawLegend() {
  const measure = measures[state.measure];
  const entries = measure.by === "class" ? measure.classes : [...measure.stops].reverse();
  byId("map-legend").replaceChildren(...entries.map(({ color, label }) => {
    const swatch = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    const square = document.createElementNS("http://www.w3.org/2000/svg", "rect");
    for (const [name, value] of Object.entries({ width: "14", height: "14", fill: color })) square.setAttribute(name, value);
    swatch.setAttribute("aria-hidden", "true");
    swatch.append(square);
    return element("li", {}, [swatch, label]);
  }));
}

/** Number the areas with most risk left out, as the list beside the map does. */
function drawMarks() {
  marks.clearLayers();
  const ranked = [...state.rows.values()].filter(({ risk_left }) => risk_left > 0);
  ranked.sort((one, other) => other.risk_left - one.risk_left || (one.code < other.code ? -1 : 1));
  ranked.slice(0, RANKED).forEach(({ code }, at) => {
    const shape = state.shapes.get(code);
    if (!shape) return;
    const icon = L.divIcon({ className: "gap-mark", iconSize: [24, 24], html: element("span", { textContent: String(at + 1) }) });
    L.marker(shape.getBounds().getCenter(), { icon, keyboard: false, interactive: false }).addTo(marks);
  });
}

function explain(feature, shape) {
  const { code, name, parent } = feature.properties;
  state.shapes.set(code, shape);
  shape.bindTooltip(() => {
    const row = state.rows.get(code);
    const lines = [parent ? `${parent} · ${name}` : name, `${measures[state.measure].name}: ${row ? tellOf(row).text : WORDS.none}`];
    return element("div", {}, lines.map((line) => element("div", { textContent: line })));
  }, { sticky: true });
  shape.on("click", () => (village ? location.assign(village + encodeURIComponent(code)) : choose(code)));
}

function choose(code) {
  state.chosen = code;
  for (const button of document.querySelectorAll(".gap-list button")) button.setAttribute("aria-pressed", String(button.dataset.code === code));
  paint();
  const shape = state.shapes.get(code);
  if (shape) {
    shape.bringToFront();
    map.fitBounds(shape.getBounds().pad(1.5), { maxZoom: 15 });
  }
}

function take(rows) {
  state.rows = new Map(rows.map((row) => [row.code, row]));
  paint();
}

const select = byId("f-measure");
for (const [key, { name }] of Object.entries(measures)) select.append(new Option(name, key));
select.addEventListener("change", () => {
  state.measure = select.value;
  paint();
});
for (const button of document.querySelectorAll(".gap-list button")) button.addEventListener("click", () => choose(button.dataset.code));

function at(night) {
  const [path, query] = values.split("?");
  const asked = new URLSearchParams(query);
  asked.set("night", night);
  return `${path}?${asked}`;
}

let isReady = false;
fetchJson(address).then((found) => {
  const drawn = L.geoJSON(found, { renderer: L.canvas({ padding: 0.3 }), style: EDGE, onEachFeature: explain }).addTo(map);
  take(found.features.map(({ properties }) => properties));
  if (found.features.length) map.fitBounds(drawn.getBounds(), { animate: false });
}).catch((error) => {
  byId("map-problem").textContent = error.status ? error.message : WORDS.failed;
}).finally(() => {
  isReady = true;
});
followSlider({
  words: WORDS,
  show: async (night) => {
    const told = await fetchJson(at(night));
    byId("map-time").textContent = told.first === told.last ? told.first : `${told.first} – ${told.last}`;
    take(told.areas);
  },
});

window.jingwei = { coverageMap: { map, state, isReady: () => isReady } };
