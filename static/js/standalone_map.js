// The map of an exported file: draws the layers that lie in it, with switches, legends, tooltips and details.

import { config, words } from "./config.js";
import { byId, element } from "./elements.js";
import { colorOf, hatching, stopOf, widthAt } from "./paint.js";
import { PlaceLabels } from "./place_labels.js";

const { L } = window;
const map = window[byId("jingwei-config").dataset.map];
const renderer = L.canvas({ padding: 0.3, tolerance: 4 });
const [west, south, east, north] = config.city.bounds;
const patterns = new Map();

function patternOf(stop) {
  if (!patterns.has(stop)) patterns.set(stop, document.createElement("canvas").getContext("2d").createPattern(hatching(stop.color), "repeat"));
  return patterns.get(stop);
}

function styleOf(layer, [, value, size], zoom) {
  const { paint } = layer;
  const properties = { [paint.field]: value };
  const color = colorOf(paint, properties);
  if (color === null) return { stroke: false, fill: false };
  const weight = widthAt(paint, zoom);
  if (layer.geometryType === "line") return { color, weight, opacity: paint.opacity, dashArray: paint.dash.length ? paint.dash.join(",") : null };
  const edge = { stroke: Boolean(paint.outline) && weight > 0, color: paint.outline ?? color, weight, opacity: paint.opacity };
  if (layer.geometryType === "point") return { ...edge, radius: paint.radii[size] ?? paint.radius, fill: true, fillColor: color, fillOpacity: paint.fillOpacity };
  const stop = stopOf(paint, properties);
  return { ...edge, fill: layer.interactive || paint.fillOpacity > 0, fillColor: stop?.hatched ? patternOf(stop) : color, fillOpacity: paint.fillOpacity };
}

const line = (title, value) => element("div", {}, [element("dt", { textContent: title }), element("dd", { textContent: value })]);

function shortWords(layer, texts) {
  const shown = layer.tooltip.map((name) => layer.fields.findIndex((field) => field.name === name));
  const lines = shown.map((at, n) => (n === 0 ? texts[at] : `${layer.fields[at].title}  ${texts[at]}`));
  return element("div", {}, [...lines, layer.title].map((text) => element("p", { textContent: text })));
}

function allWords(layer, texts) {
  const marks = [element("span", { className: "chip", textContent: layer.title })];
  if (config.city.synthetic) marks.push(element("span", { className: "chip chip-synthetic", textContent: words("synthetic") }));
  const rows = layer.fields.map((field, n) => line(field.title, texts[n]));
  return element("div", {}, [element("p", { className: "chips" }, marks), element("dl", { className: "fields" }, rows)]);
}

function drawn(layer) {
  if (layer.paint.kind === "label") return new PlaceLabels(layer);
  const group = L.featureGroup();
  for (const row of config.data[layer.id]) {
    const options = { renderer, interactive: layer.interactive, ...styleOf(layer, row, map.getZoom()) };
    const shape = L.GeoJSON.geometryToLayer({ type: "Feature", geometry: row[0] }, { pointToLayer: (_, at) => L.circleMarker(at, options) });
    shape.options = Object.assign(shape.options, options);
    shape.row = row;
    group.addLayer(shape);
  }
  if (layer.interactive) {
    group.bindTooltip((shape) => shortWords(layer, shape.row[3]), { sticky: true });
    group.bindPopup((shape) => allWords(layer, shape.row[3]), { maxHeight: 340, minWidth: 260 });
  }
  return group;
}

const panel = byId("layer-list").getBoundingClientRect();
const isWide = panel.right < innerWidth / 2;
map.fitBounds([[south, west], [north, east]], { animate: false, paddingTopLeft: [isWide ? panel.right : 0, 56] });
const layers = config.layers.map((layer) => ({ layer, shapes: drawn(layer), on: layer.visible }));

/** One canvas holds all layers, so that the pointer reaches each; order of adding is order of drawing. */
function redraw() {
  for (const { shapes } of layers) shapes.remove();
  for (const { layer, shapes, on } of layers) if (on && map.getZoom() >= layer.minzoom) shapes.addTo(map);
}

map.on("zoomend", () => {
  for (const { layer, shapes } of layers) {
    if (layer.geometryType === "line" && layer.paint.widthStops.length) shapes.eachLayer((shape) => shape.setStyle({ weight: widthAt(layer.paint, map.getZoom()) }));
  }
  redraw();
});

function legendOf({ paint, geometryType }) {
  const stops = paint.stops.length ? paint.stops : [{ label: "", color: paint.fillOpacity === 0 ? paint.outline : paint.color }];
  return stops.map((stop) => {
    const swatch = element("span", { className: `swatch swatch-${geometryType}`, attributes: { "aria-hidden": "true" } });
    swatch.style.background = stop.hatched ? `repeating-linear-gradient(135deg, ${stop.color} 0 2px, transparent 2px 5px)` : stop.color;
    return element("li", {}, [swatch, stop.label]);
  });
}

function switchOf(entry) {
  const box = element("input", { type: "checkbox", checked: entry.on });
  const legend = element("ul", { className: "legend", hidden: !entry.on }, legendOf(entry.layer));
  box.addEventListener("change", () => {
    entry.on = box.checked;
    legend.hidden = !box.checked;
    redraw();
  });
  return element("li", {}, [element("label", {}, [box, entry.layer.title]), legend]);
}

byId("layer-list").replaceChildren(...config.groups.flatMap((group) => {
  const inside = layers.filter(({ layer }) => layer.group === group.id).reverse();
  return inside.length ? [element("h2", { textContent: group.title }), element("ul", {}, inside.map(switchOf))] : [];
}));
L.control.scale({ imperial: false, position: "bottomright" }).addTo(map);
L.control.zoom({ position: "bottomright", zoomInTitle: words("zoom_in"), zoomOutTitle: words("zoom_out") }).addTo(map);
redraw();
window.jingwei = { ready: true, map, layers };
