// The panel of layers: groups, switches, legends, opacity.

import { config, words } from "./config.js";
import { byId, element, icon } from "./elements.js";
import { COUNTED } from "./paint.js";

/** Fill the panel and keep it in step with state and zoom. */
export function showLayerPanel(viewState, map) {
  const rows = new Map();
  const groups = config.groups.map((group) => {
    const layers = config.layers.filter((layer) => layer.group === group.id).reverse();
    const made = layers.map((layer) => {
      const row = layerRow(layer, viewState);
      rows.set(layer.id, row);
      return row.item;
    });
    return { group, made };
  });
  byId("layer-list").replaceChildren(...groups.filter(({ made }) => made.length).map(({ group, made }) =>
    element("details", { className: "layer-group", open: group.id !== "basemap" }, [
      element("summary", { textContent: group.title }),
      element("ul", {}, made),
    ])));

  const refresh = () => {
    const state = viewState.current;
    const tileZoom = map.getZoom() - 1;
    for (const layer of config.layers) rows.get(layer.id)?.refresh(state, tileZoom);
  };
  viewState.onChange(refresh);
  map.on("zoomend", refresh);
  refresh();
}

function layerRow(layer, viewState) {
  const box = element("input", { type: "checkbox", id: `layer-${layer.id}` });
  const hint = element("span", { className: "layer-hint", textContent: words("zoom_to_see") });
  const legend = legendOf(layer);
  const slider = opacitySlider(layer, viewState);
  const adjust = element("button", { type: "button", className: "adjust", title: words("opacity"), attributes: { "aria-expanded": "false", "aria-label": words("adjust_opacity", { layer: layer.title }) } }, [icon("adjust")]);
  adjust.addEventListener("click", () => {
    slider.row.hidden = !slider.row.hidden;
    adjust.setAttribute("aria-expanded", String(!slider.row.hidden));
  });
  box.addEventListener("change", () => {
    const layers = new Set(viewState.current.layers);
    if (box.checked) layers.add(layer.id);
    else layers.delete(layer.id);
    viewState.choose({ layers });
  });
  const label = element("label", { className: "layer-switch" }, [box, sampleOf(layer), element("span", { className: "layer-title", textContent: layer.title }), hint]);
  const item = element("li", { className: "layer", attributes: { "data-layer": layer.id } }, [element("div", { className: "layer-line" }, [label, adjust]), slider.row, legend]);
  return {
    item,
    refresh(state, tileZoom) {
      const on = state.layers.has(layer.id);
      box.checked = on;
      adjust.hidden = !on;
      legend.hidden = !on || !legend.childElementCount;
      slider.row.hidden ||= !on;
      if (!on) adjust.setAttribute("aria-expanded", "false");
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

function legendOf(layer) {
  const { paint, geometryType } = layer;
  const entries = paint.kind === "categories" || paint.kind === "steps" ? paint.stops : [];
  const items = entries.map((stop) => element("li", {}, [swatch(geometryType, stop.color, null, stop.hatched), stop.label]));
  if (layer.aggregateBelow) {
    const circle = element("span", { className: "swatch swatch-counted", textContent: "9", attributes: { "aria-hidden": "true" } });
    Object.assign(circle.style, { background: COUNTED.fill, borderColor: COUNTED.ringOpen });
    items.push(element("li", { className: "legend-wide" }, [circle, words("counted_legend")]));
  }
  return element("ul", { className: "legend" }, items);
}
