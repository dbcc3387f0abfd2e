// What the pointer touches: a tooltip on hovering, details on a click. All texts go in as text.

import { config, formatNumber, formatValue, layersById, words } from "./config.js";
import { byId, element } from "./elements.js";
import { icon } from "./icons.js";
import { stopOf } from "./paint.js";
import { fetchJson } from "./requests.js";

const { L } = window;
const CLOSER = 2;

/**
 * Follow the pointer over the map. Returns `close()` and `open(found, place)` of the details. While `isBusy()`, clicks
 * belong to a tool; `moreOf(layer, properties, place)` returns what stands below the details.
 */
export function startPointing(map, renderer, { isBusy = () => false, moreOf = () => null } = {}) {
  const tooltip = byId("tooltip");
  const details = detailsPanel(map, moreOf);
  let latest = null;
  let waiting = false;

  function hover() {
    waiting = false;
    const found = latest && !isBusy() && renderer.pick(latest.latlng);
    const lines = found ? tooltipLines(found) : [];
    map.getContainer().classList.toggle("over-feature", Boolean(found));
    tooltip.hidden = !lines.length;
    if (lines.length) showTooltip(tooltip, lines, latest.originalEvent);
  }

  map.on("mousemove", (event) => {
    if (matchMedia("(hover: none)").matches) return; // a finger has no place to hover at
    latest = event;
    if (!waiting) requestAnimationFrame(hover);
    waiting = true;
  });
  const leave = () => {
    latest = null;
    tooltip.hidden = true;
  };
  map.on("mouseout movestart zoomstart", leave);
  map.getContainer().addEventListener("mouseleave", leave);
  map.on("click", (event) => {
    tooltip.hidden = true;
    if (isBusy()) return undefined;
    const found = renderer.pick(event.latlng);
    if (!found) return details.close();
    if (standsForMany(found.properties)) return map.setView(event.latlng, Math.min(map.getZoom() + CLOSER, map.getMaxZoom()));
    return details.open(found, event.latlng);
  });
  return details;
}

/** Whether a feature is several counted points, or shapes of one class merged because a tile held too many. */
const standsForMany = (properties) => "count" in properties || "merged" in properties;

function tooltipLines({ layer: id, properties }) {
  const layer = layersById.get(id);
  if ("merged" in properties) return [stopOf(layer.paint, properties)?.label, words("zoom_on_click"), layer.title].filter(Boolean);
  if ("count" in properties && !layer.aggregateBelow) return [formatNumber(properties.count), words("zoom_on_click"), layer.title];
  if ("count" in properties) {
    const open = properties.open_count > 0 ? [words("count_open", { count: formatNumber(properties.open_count) })] : [];
    return [words("count_cell", { count: formatNumber(properties.count) }), ...open, words("zoom_on_click")];
  }
  const fields = layer.tooltip.map((name) => layer.fields.find((field) => field.name === name)).filter(Boolean);
  const lines = fields.map((field, n) => {
    const value = formatValue(field, properties[field.column ?? field.name]);
    return n === 0 ? value : `${field.title}  ${value}`;
  });
  return lines.length ? [...lines, layer.title] : [];
}

function showTooltip(tooltip, lines, { clientX, clientY }) {
  tooltip.replaceChildren(...lines.map((line, n) => element("p", { className: n === 0 ? "tooltip-first" : n === lines.length - 1 ? "tooltip-layer" : "", textContent: line })));
  const { width, height } = tooltip.getBoundingClientRect();
  const left = clientX + 16 + width > innerWidth ? clientX - width - 12 : clientX + 16;
  const top = clientY + 16 + height > innerHeight ? clientY - height - 12 : clientY + 16;
  tooltip.style.transform = `translate(${Math.max(4, left)}px, ${Math.max(4, top)}px)`;
}

function detailsPanel(map, moreOf) {
  const panel = byId("details-panel");
  const ring = L.circleMarker([0, 0], { radius: 13, color: "#58c4dc", weight: 2.5, fill: false, interactive: false });
  let running = null;

  function close() {
    running?.abort();
    panel.hidden = true;
    ring.remove();
  }

  async function open({ layer: id, properties }, latlng) {
    const layer = layersById.get(id);
    running?.abort();
    running = new AbortController();
    const { signal } = running;
    byId("details-title").textContent = layer.title;
    byId("details-body").replaceChildren(element("p", { className: "details-wait", textContent: words("loading") }));
    panel.hidden = false;
    document.body.classList.remove("layers-open", "time-open");
    try {
      const answer = await fetchJson(layer.details.replace("{id}", encodeURIComponent(properties.id)), signal);
      const place = Number.isFinite(answer.lon) ? L.latLng(answer.lat, answer.lon) : latlng;
      show(layer, answer, place);
      const more = moreOf(layer, properties, place);
      if (more) byId("details-body").append(more);
    } catch (error) {
      if (signal.aborted) return;
      byId("details-body").replaceChildren(element("p", { className: "details-wait", textContent: words("details_failed") }));
    }
  }

  function show(layer, answer, place) {
    byId("details-title").textContent = answer.title || layer.title;
    const rows = answer.fields.filter((field) => field.value !== answer.title).map((field) => element("div", {}, [element("dt", { textContent: field.title }), element("dd", { textContent: field.value })]));
    const go = element("button", { type: "button", className: "go-there" }, [icon("target"), words("go_there")]);
    go.addEventListener("click", () => map.setView(place, Math.max(map.getZoom(), 15)));
    const marks = [element("span", { className: "chip", textContent: layer.title })];
    if (answer.synthetic) marks.push(element("span", { className: "chip chip-synthetic", textContent: words("synthetic") }));
    byId("details-body").replaceChildren(element("p", { className: "chips" }, marks), element("dl", { className: "fields" }, rows), go);
    if (layer.geometryType === "point") ring.setLatLng(place).addTo(map);
    else ring.remove();
  }

  byId("close-details").addEventListener("click", close);
  return { open, close };
}
