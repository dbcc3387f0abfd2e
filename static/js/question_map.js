// The map of questions: the answer's shapes in classes, an area drawn or picked.

import { backgroundMap } from "./background_map.js";
import { config, formatNumber } from "./config.js";
import { byId, element } from "./elements.js";
import { fetchJson } from "./requests.js";

const { L } = window;
const { words } = config.questions;
const RAMP = ["#2b4a6f", "#2f7fa3", "#45b8b0", "#a5d96a", "#fdd06a"];
const PLAIN = { color: "#58c4dc", weight: 1.5, fillColor: "#58c4dc", fillOpacity: 0.35 };
const AREA = { color: "#fdd06a", weight: 2.5, dashArray: "6 5", fillOpacity: 0.06, interactive: false };
const CLOSE_ZOOM = 16;
const LEAST_CORNERS = 3;

/** Make the map; `show(answer, figure)`, `shape()`, `setShape(geometry)`, `draw()`, `pick(layerId)`, `choose(index)`. */
export function questionMap({ onChoose, onShape, onMode }) {
  const map = backgroundMap("question-map", { doubleClickZoom: true, renderer: L.canvas({ tolerance: 4 }) });
  const legend = L.control({ position: "bottomright" });
  legend.onAdd = () => element("div", { className: "map-legend", hidden: true });
  legend.addTo(map);

  let answer = L.featureGroup().addTo(map);
  const area = L.geoJSON(null, { style: AREA }).addTo(map);
  let shapes = [];
  let chosen = null;
  let geometry = null;
  let mode = "";
  let corners = [];
  const sketch = L.polyline([], { color: "#fdd06a", weight: 2.5, interactive: false }).addTo(map);

  function show(found, figure) {
    answer.remove();
    chosen = null;
    const values = figure < 0 ? [] : found.rows.map((row) => row[figure]);
    const classes = classesOf(values.filter((each) => typeof each === "number"));
    shapes = found.shapes.map((shape, index) => {
      if (!shape) return null;
      const style = { ...PLAIN, ...(classes.length ? filled(values[index], classes) : {}) };
      const made = L.geoJSON(shape, { pointToLayer: (feature, place) => L.circleMarker(place, { radius: 6 }), style });
      made.plainStyle = style;
      made.on("click", () => { if (!mode) { choose(index); onChoose(index); } });
      return made;
    });
    answer = L.featureGroup(shapes.filter(Boolean)).addTo(map);
    area.bringToFront();
    if (answer.getLayers().length) map.fitBounds(answer.getBounds().pad(0.06), { maxZoom: CLOSE_ZOOM, animate: false });
    paintLegend(found.columns[figure]?.title, classes);
  }

  function paintLegend(title, classes) {
    const box = legend.getContainer();
    box.hidden = classes.length < 2;
    const rows = classes.map(({ low, high, color }) => {
      const swatch = element("i");
      swatch.style.setProperty("--swatch", color);
      return element("div", {}, [swatch, `${formatNumber(low, low % 1 ? 2 : 0)} – ${formatNumber(high, high % 1 ? 2 : 0)}`]);
    });
    box.replaceChildren(element("strong", { textContent: title ?? "" }), ...rows);
  }

  function choose(index) {
    if (chosen !== null) shapes[chosen]?.setStyle(shapes[chosen].plainStyle);
    chosen = index;
    const shape = shapes[index];
    shape?.setStyle({ color: "#ffffff", weight: 3 }).bringToFront();
    if (shape && !map.getBounds().contains(shape.getBounds())) map.fitBounds(shape.getBounds().pad(0.5), { maxZoom: CLOSE_ZOOM });
  }

  function setShape(next) {
    geometry = next ?? null;
    area.clearLayers();
    if (geometry) area.addData(geometry);
    onShape(geometry);
  }

  function setMode(next) {
    mode = next;
    corners = [];
    sketch.setLatLngs([]);
    map.doubleClickZoom[next === "draw" ? "disable" : "enable"]();
    byId("question-map").classList.toggle("is-drawing", Boolean(next));
    onMode(next);
  }

  function finish() {
    const ring = corners.map(({ lat, lng }) => [Number(lng.toFixed(6)), Number(lat.toFixed(6))]);
    setMode("");
    if (ring.length >= LEAST_CORNERS) setShape({ type: "Polygon", coordinates: [[...ring, ring[0]]] });
  }

  async function pickAt({ lng, lat }, layer) {
    const query = new URLSearchParams({ f: "json", limit: "1", filter: `S_INTERSECTS(geom, POINT(${lng} ${lat}))` });
    const { features } = await fetchJson(`/ogc/collections/${layer}/items?${query}`);
    if (features.length) setShape(joined(geometry, features[0].geometry));
  }

  map.on("click", ({ latlng }) => {
    if (mode === "draw") {
      corners.push(latlng);
      sketch.setLatLngs([...corners, corners[0]]);
    } else if (mode) {
      pickAt(latlng, mode).catch(() => setMode(""));
    }
  });
  map.on("dblclick", () => { if (mode === "draw") finish(); });
  document.addEventListener("keydown", (event) => {
    if (!mode || event.isComposing) return;
    if (event.key === "Escape") setMode("");
    else if (event.key === "Enter" && mode === "draw") { event.preventDefault(); finish(); }
    else if (event.key === "Backspace" && mode === "draw" && event.target === document.body) { corners.pop(); sketch.setLatLngs(corners); }
  });
  byId("question-map").dataset.ready = "true";
  return { show, choose, setShape, shape: () => geometry, draw: () => setMode(mode === "draw" ? "" : "draw"), pick: (layer) => setMode(layer), words };
}

/** Return classes of equal count; fewer where values repeat. */
function classesOf(values) {
  const sorted = [...values].sort((one, other) => one - other);
  const different = new Set(sorted).size;
  const count = Math.min(RAMP.length, different);
  const made = [];
  let start = 0;
  for (let number = 0; number < count; number += 1) {
    let end = Math.max(Math.ceil((sorted.length * (number + 1)) / count), start + 1);
    while (end < sorted.length && sorted[end] === sorted[end - 1]) end += 1;
    if (start >= sorted.length) break;
    made.push({ low: sorted[start], high: sorted[Math.min(end, sorted.length) - 1], color: RAMP[Math.round((number * (RAMP.length - 1)) / Math.max(count - 1, 1))] });
    start = end;
  }
  return made;
}

function filled(value, classes) {
  if (typeof value !== "number") return { fillOpacity: 0, color: "#6b7c8d" };
  const found = classes.find(({ high }) => value <= high) ?? classes.at(-1);
  return { fillColor: found.color, fillOpacity: 0.72, color: "#0b1219", weight: 0.8 };
}

function joined(one, other) {
  const parts = [one, other].filter(Boolean).flatMap((shape) => (shape.type === "Polygon" ? [shape.coordinates] : shape.coordinates));
  return parts.length === 1 ? { type: "Polygon", coordinates: parts[0] } : { type: "MultiPolygon", coordinates: parts };
}
