// The layer panel: groups, check boxes, opacity, legends.

import { byId, make } from "./dom.js";
import { COUNT_COLOR, COUNT_RING } from "./paint.js";

function swatch(layer, color) {
  const { paint } = layer;
  const mark = make("span", { class: `swatch swatch-${layer.geometryType}`, "aria-hidden": "true" });
  if (layer.geometryType === "line") mark.style.borderTopColor = color;
  else {
    mark.style.backgroundColor = layer.geometryType === "polygon" && paint.fillOpacity === 0 ? "transparent" : color;
    mark.style.borderColor = paint.outline || color;
  }
  return mark;
}

function legendOf(layer, words) {
  const { paint } = layer;
  if (paint.kind === "label") return null;
  const stops = paint.kind === "single" ? [{ label: layer.title, color: paint.color }] : paint.stops;
  const rows = stops.map((stop) => make("li", {}, swatch(layer, stop.color), stop.label));
  if (layer.aggregateBelow) {
    const ring = make("span", { class: "swatch swatch-point", "aria-hidden": "true" });
    ring.style.backgroundColor = COUNT_COLOR;
    ring.style.borderColor = COUNT_RING;
    rows.push(make("li", {}, ring, words.counted_legend));
  }
  return make("ul", { class: "legend", "aria-label": `${words.legend}: ${layer.title}` }, ...rows);
}

export function addPanel({ map, config, store }) {
  const words = config.strings;
  const rows = new Map();

  function row(layer) {
    const box = make("input", { type: "checkbox", id: `layer-${layer.id}`, onchange: () => {
      const layers = new Set(store.get().layers);
      if (box.checked) layers.add(layer.id);
      else layers.delete(layer.id);
      store.change({ layers }, ["layers"]);
    } });
    const slider = make("input", { type: "range", min: "0.1", max: "1", step: "0.1", "aria-label": `${words.opacity}: ${layer.title}`,
      onchange: () => store.change({ opacity: { ...store.get().opacity, [layer.id]: Number(slider.value) } }, ["opacity", layer.id]) });
    const hint = make("span", { class: "hint", hidden: true }, words.zoom_to_see);
    const more = make("div", { class: "layer-more" }, layer.paint.kind === "label" ? null : slider, legendOf(layer, words));
    const element = make("li", { class: "layer" }, make("label", { for: box.id }, box, make("span", { class: "layer-title" }, layer.title), hint), more);
    rows.set(layer.id, { layer, box, slider, more, hint });
    return element;
  }

  const list = byId("layer-list");
  for (const group of config.groups) {
    const layers = config.layers.filter((layer) => layer.group === group.id).sort((a, b) => b.order - a.order);
    if (layers.length) list.append(make("section", { class: "layer-group" }, make("h3", {}, group.title), make("ul", {}, ...layers.map(row))));
  }

  function update() {
    const state = store.get();
    for (const { layer, box, slider, more, hint } of rows.values()) {
      box.checked = state.layers.has(layer.id);
      more.hidden = !box.checked;
      slider.value = String(state.opacity[layer.id] ?? 1);
      hint.hidden = !box.checked || map.getZoom() >= layer.minzoom;
    }
  }
  store.listen(update);
  map.on("zoomend", update);
  update();
}
