// The panel of layers: groups, switches, legends, opacity, files to take along.

import { config, words } from "./config.js";
import { byId, element } from "./elements.js";
import { icon } from "./icons.js";
import { exportRow } from "./layer_export.js";
import { COUNTED } from "./paint.js";
import { classOf, drawingOrder } from "./view_state.js";

/** Fill the panel and keep it in step with state and zoom. */
export function showLayerPanel(viewState, map) {
  const rows = new Map();
  const fill = () => fillPanel(viewState, map, rows);
  fill();
  const refresh = () => {
    const state = viewState.current;
    const tileZoom = map.getZoom() - 1;
    for (const layer of config.layers) rows.get(layer.id)?.refresh(state, tileZoom);
  };
  viewState.onChange((state) => {
    if (state.order.join() !== byId("layer-list").dataset.order) fill();
    refresh();
  });
  document.addEventListener("wordschange", () => {
    fill();
    refresh();
  });
  map.on("zoomend", refresh);
  refresh();
}

function fillPanel(viewState, map, rows) {
  const order = drawingOrder(viewState.current);
  byId("layer-list").dataset.order = viewState.current.order.join();
  const closed = new Set([...document.querySelectorAll(".layer-group:not([open])")].map(({ dataset }) => dataset.group));
  const isFirst = !byId("layer-list").childElementCount;
  const groups = config.groups.map((group) => {
    const layers = config.layers.filter((layer) => layer.group === group.id).sort((one, other) => order.indexOf(other.id) - order.indexOf(one.id));
    const made = layers.map((layer) => {
      const row = layerRow(layer, viewState, map);
      rows.set(layer.id, row);
      return row.item;
    });
    return { group, made };
  });
  byId("layer-list").replaceChildren(...groups.filter(({ made }) => made.length).map(({ group, made }) =>
    element("details", { className: "layer-group", open: isFirst ? group.id !== "basemap" : !closed.has(group.id), attributes: { "data-group": group.id } }, [
      element("summary", { textContent: group.title }),
      ...(group.id === "basemap" && config.basemaps?.length ? [basemapChoice(viewState)] : []),
      element("ul", {}, made),
    ])));
}

/** Our own basemap, or one of the operator's. */
function basemapChoice(viewState) {
  const input = element("select", { id: "basemap-choice" }, [["", words("basemap_own")], ...config.basemaps.map(({ id, title }) => [id, title])].map(([value, title]) => element("option", { value, textContent: title })));
  input.value = viewState.current.base;
  input.addEventListener("change", () => viewState.choose({ base: input.value }));
  return element("div", { className: "field-line" }, [element("label", { htmlFor: "basemap-choice", textContent: words("basemap") }), input]);
}

/** Put a layer above or below its neighbour among those that are on. */
function moveLayer(viewState, id, by) {
  const order = drawingOrder(viewState.current);
  const on = order.filter((each) => viewState.current.layers.has(each));
  const neighbour = on[on.indexOf(id) + by];
  if (!neighbour) return;
  const [one, other] = [order.indexOf(id), order.indexOf(neighbour)];
  [order[one], order[other]] = [order[other], order[one]];
  viewState.choose({ order });
  document.querySelector(`[data-layer="${id}"] .${by > 0 ? "move-up" : "move-down"}`)?.focus();
}

function layerRow(layer, viewState, map) {
  const box = element("input", { type: "checkbox", id: `layer-${layer.id}` });
  const hint = element("span", { className: "layer-hint", textContent: words("zoom_to_see") });
  const legend = legendOf(layer, viewState);
  const slider = opacitySlider(layer, viewState);
  const file = exportRow(layer, map);
  if (layer.paint.kind !== "label") {
    const mover = (name, by, title, sign) => {
      const button = element("button", { type: "button", className: `mover ${name}`, textContent: sign, title, attributes: { "aria-label": `${title}: ${layer.title}` } });
      button.addEventListener("click", () => moveLayer(viewState, layer.id, by));
      return button;
    };
    slider.row.append(mover("move-up", 1, words("move_up"), "▲"), mover("move-down", -1, words("move_down"), "▼"));
  }
  const adjust = element("button", { type: "button", className: "adjust", title: words("opacity"), attributes: { "aria-expanded": "false", "aria-label": words("adjust_opacity", { layer: layer.title }) } }, [icon("adjust")]);
  adjust.addEventListener("click", () => {
    slider.row.hidden = !slider.row.hidden;
    if (file) file.hidden = slider.row.hidden;
    adjust.setAttribute("aria-expanded", String(!slider.row.hidden));
  });
  box.addEventListener("change", () => {
    const layers = new Set(viewState.current.layers);
    if (box.checked) layers.add(layer.id);
    else layers.delete(layer.id);
    viewState.choose({ layers });
  });
  const label = element("label", { className: "layer-switch" }, [box, sampleOf(layer), element("span", { className: "layer-title", textContent: layer.title }), hint]);
  const item = element("li", { className: "layer", attributes: { "data-layer": layer.id } }, [element("div", { className: "layer-line" }, [label, adjust]), slider.row, ...(file ? [file] : []), legend]);
  return {
    item,
    refresh(state, tileZoom) {
      const on = state.layers.has(layer.id);
      box.checked = on;
      adjust.hidden = !on;
      legend.hidden = !on || !legend.childElementCount;
      slider.row.hidden ||= !on;
      if (file) file.hidden = slider.row.hidden;
      if (!on) adjust.setAttribute("aria-expanded", "false");
      legend.refresh(state);
      hint.hidden = !on || tileZoom >= layer.minzoom;
      slider.set(viewState.opacityOf(layer.id));
    },
  };
}

function opacitySlider(layer, viewState) {
  const input = element("input", { type: "range", min: "0", max: "100", step: "5", attributes: { "aria-label": words("opacity_of", { layer: layer.title }) } });
  const figure = element("output", {});
  const set = (share) => {
    input.value = String(Math.round(share * 100));
    figure.textContent = `${input.value} %`;
  };
  input.addEventListener("input", () => {
    const opacity = new Map(viewState.current.opacity).set(layer.id, Number(input.value) / 100);
    viewState.note({ opacity });
  });
  const row = element("div", { className: "opacity", hidden: true }, [element("span", { textContent: words("opacity") }), input, figure]);
  return { row, set };
}

/** A small picture of the layer beside its name. */
function sampleOf({ paint, geometryType }) {
  const colors = paint.stops.length > 1 ? paint.stops.map((stop) => stop.color) : [paint.color ?? paint.stops[0]?.color ?? paint.outline];
  const sample = swatch(geometryType, colors[0], paint.fillOpacity === 0 ? paint.outline : null, false);
  if (colors.length > 1 && geometryType === "polygon") sample.style.background = `linear-gradient(90deg, ${colors.join(", ")})`;
  if (geometryType === "point" && paint.kind === "single") sample.style.border = `2px solid ${paint.outline}`;
  sample.classList.add("sample");
  if (paint.kind === "label") Object.assign(sample, { className: "sample sample-label", textContent: config.locale === "en" ? "A" : "名" });
  return sample;
}

function swatch(geometryType, color, outlineOnly, hatched) {
  const made = element("span", { className: `swatch swatch-${geometryType}`, attributes: { "aria-hidden": "true" } });
  if (outlineOnly) Object.assign(made.style, { background: "transparent", border: `1.5px solid ${outlineOnly}` });
  else if (hatched) made.style.background = `repeating-linear-gradient(135deg, ${color} 0 2px, transparent 2px 5px)`;
  else made.style.background = color;
  return made;
}

/** Return the legend; each class of it is a switch that filters the layer. */
function legendOf(layer, viewState) {
  const { paint, geometryType } = layer;
  const entries = paint.kind === "categories" || paint.kind === "steps" ? paint.stops : [];
  const boxes = new Map();
  const items = entries.map((stop) => {
    const button = element("button", { type: "button", className: "legend-class", title: words("filter_class"), attributes: { "aria-pressed": "true" } }, [swatch(geometryType, stop.color, null, stop.hatched), element("span", { textContent: stop.label })]);
    button.addEventListener("click", () => {
      const hidden = new Set(viewState.current.hidden.get(layer.id));
      if (!hidden.delete(classOf(stop))) hidden.add(classOf(stop));
      viewState.choose({ hidden: new Map(viewState.current.hidden).set(layer.id, hidden) });
    });
    boxes.set(classOf(stop), button);
    return element("li", {}, [button]);
  });
  if (layer.aggregateBelow) {
    const circle = element("span", { className: "swatch swatch-counted", textContent: "9", attributes: { "aria-hidden": "true" } });
    Object.assign(circle.style, { background: COUNTED.fill, borderColor: COUNTED.ringOpen });
    items.push(element("li", { className: "legend-wide" }, [circle, words("counted_legend")]));
  }
  const list = element("ul", { className: "legend" }, items);
  list.refresh = (state) => {
    for (const [name, button] of boxes) button.setAttribute("aria-pressed", String(!state.hidden.get(layer.id)?.has(name)));
  };
  return list;
}
