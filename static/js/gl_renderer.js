// Draws all layers in one maplibre map under Leaflet's controls. Its zooms are those of tiles: Leaflet's less one.

import { config } from "./config.js";
import { COUNTED, colorExpression, countRadiusExpression, hatching, widthExpression } from "./paint.js";
import { tileAddress } from "./view_state.js";

const { L, maplibregl } = window;
const DEEPEST_TILE = 16;
const PICK_PX = 4;
const OPACITY_OF = { fill: "fill-opacity", line: "line-opacity", circle: "circle-opacity", symbol: "text-opacity" };
const FONT = ["Noto Sans CJK SC,Noto Sans SC,Microsoft YaHei,sans-serif"];

/** Return a renderer: `sync(state)`, `pick(event)`, `isIdle()`, `retry()`. */
export function glRenderer(map, { onBusy, onError }) {
  maplibregl.setWorkerUrl(new URL(`${config.staticUrl}/vendor/maplibre-gl/dist/maplibre-gl-csp-worker.js`, location.href).href);
  const drawn = config.layers.filter((layer) => layer.paint.kind !== "label");
  const holder = L.maplibreGL({
    style: { version: 8, sources: {}, layers: [] },
    fadeDuration: 0,
    canvasContextAttributes: { preserveDrawingBuffer: true },
    localIdeographFontFamily: FONT[0],
  }).addTo(map);
  const gl = holder.getMaplibreMap();
  gl.getCanvas().setAttribute("tabindex", "-1");
  gl.getCanvas().setAttribute("aria-hidden", "true");
  gl.getCanvas().removeAttribute("role");
  let idle = false;
  const shown = new Map();
  const stirred = () => {
    idle = false;
    onBusy(true);
  };
  gl.on("dataloading", stirred);
  gl.on("movestart", stirred);
  gl.on("idle", () => {
    idle = gl.areTilesLoaded() && gl.isStyleLoaded();
    onBusy(!idle);
  });
  gl.on("error", (event) => onError(event.error));

  const loaded = new Promise((resolve) => gl.once("style.load", resolve));
  const ready = loaded.then(() => drawn.forEach((layer) => addLayer(gl, layer)));

  return {
    name: "gl",
    async sync(state) {
      await ready;
      for (const layer of drawn) syncLayer(gl, layer, state, shown);
    },
    pick(event) {
      return pick(gl, event.latlng);
    },
    isIdle: () => idle,
    retry() {
      for (const [id, address] of shown) gl.getSource(id)?.setTiles?.([`${address}&retry=${Date.now()}`]);
    },
  };
}

function addLayer(gl, layer) {
  for (const stop of layer.paint.stops) {
    if (stop.hatched) gl.addImage(hatchName(stop), hatching(stop.color).getContext("2d").getImageData(0, 0, 8, 8));
  }
  for (const style of stylesOf(layer)) {
    const source = layer.inlineUrl ? {} : { "source-layer": layer.id };
    const zooms = { minzoom: layer.minzoom, maxzoom: layer.maxzoom >= 18 ? 24 : layer.maxzoom };
    style.layout = { ...style.layout, visibility: "none" };
    style.metadata = { layer: layer.id, opacity: style.paint[OPACITY_OF[style.type]] ?? 1 };
    (gl.jingweiStyles ??= new Map()).set(style.id, style);
    style.complete = { ...style, ...source, ...zooms, source: layer.id };
    delete style.complete.complete;
  }
  gl.jingweiOrder = [...(gl.jingweiOrder ?? []), layer.id];
}

function hatchName(stop) {
  return `hatching-${stop.color}`;
}

function stylesOf(layer) {
  if (layer.geometryType === "line") return [lineStyle(layer)];
  return layer.geometryType === "point" ? pointStyles(layer) : polygonStyles(layer);
}

function lineStyle({ id, paint }) {
  const dash = paint.dash.length ? { "line-dasharray": paint.dash } : {};
  return {
    id,
    type: "line",
    layout: { "line-cap": "round", "line-join": "round" },
    paint: { "line-color": colorExpression(paint), "line-width": widthExpression(paint), "line-opacity": paint.opacity, ...dash },
  };
}

function polygonStyles({ id, paint }) {
  const styles = [];
  const hatched = paint.stops.filter((stop) => stop.hatched);
  // A fill nobody sees is still drawn thinly: it makes the area answer to the pointer.
  styles.push({ id: `${id}-fill`, type: "fill", paint: { "fill-color": colorExpression(paint), "fill-opacity": paint.fillOpacity * (hatched.length ? 0.9 : 1), "fill-antialias": !paint.width } });
  for (const stop of hatched) {
    const next = paint.stops[paint.stops.indexOf(stop) + 1];
    const value = ["to-number", ["get", paint.field]];
    const within = paint.kind === "steps"
      ? ["all", [">=", value, stop.min], ...(next ? [["<", value, next.min]] : [])]
      : ["==", ["to-string", ["get", paint.field]], stop.value];
    styles[0].filter = ["!", within];
    styles.push({ id: `${id}-hatched`, type: "fill", filter: within, paint: { "fill-pattern": hatchName(stop), "fill-opacity": 0.8 } });
  }
  if (paint.outline && paint.width > 0) {
    const dash = paint.dash.length ? { "line-dasharray": paint.dash } : {};
    styles.push({ id: `${id}-outline`, type: "line", paint: { "line-color": paint.outline, "line-width": widthExpression(paint), "line-opacity": paint.opacity, ...dash } });
  }
  return styles;
}

function pointStyles({ id, paint, aggregateBelow }) {
  const circle = {
    id,
    type: "circle",
    filter: ["!", ["has", "count"]],
    paint: {
      "circle-color": colorExpression(paint),
      "circle-radius": ["interpolate", ["linear"], ["zoom"], 11, paint.radius * 0.75, 15, paint.radius, 18, paint.radius * 1.5],
      "circle-opacity": paint.fillOpacity,
      "circle-stroke-color": paint.outline ?? "rgba(0,0,0,0)",
      "circle-stroke-width": paint.outline ? paint.width : 0,
    },
  };
  if (!aggregateBelow) return [circle];
  const counted = {
    id: `${id}-counted`,
    type: "circle",
    filter: ["has", "count"],
    paint: {
      "circle-color": COUNTED.fill,
      "circle-radius": countRadiusExpression(),
      "circle-opacity": 0.92,
      "circle-stroke-color": ["case", [">", ["get", "open_count"], 0], COUNTED.ringOpen, COUNTED.ring],
      "circle-stroke-width": 1.4,
    },
    layout: { "circle-sort-key": ["get", "count"] },
  };
  const numbers = {
    id: `${id}-numbers`,
    type: "symbol",
    filter: [">=", ["coalesce", ["get", "count"], 0], COUNTED.leastShown],
    layout: {
      "text-field": ["case", ["<", ["get", "count"], 1000], ["to-string", ["get", "count"]],
        ["concat", ["to-string", ["/", ["round", ["/", ["get", "count"], 100]], 10]], "k"]],
      "text-font": FONT,
      "text-size": 10.5,
      "text-allow-overlap": true,
      "text-ignore-placement": true,
    },
    paint: { "text-color": COUNTED.text, "text-opacity": 1 },
  };
  return [circle, counted, numbers];
}

function syncLayer(gl, layer, state, shown) {
  const visible = state.layers.has(layer.id);
  const address = layer.inlineUrl ?? tileAddress(layer, state);
  if (visible && !gl.getSource(layer.id)) {
    gl.addSource(layer.id, sourceOf(layer, address));
    placeStyles(gl, layer);
    shown.set(layer.id, address);
  } else if (visible && shown.get(layer.id) !== address) {
    gl.getSource(layer.id).setTiles([address]);
    shown.set(layer.id, address);
  }
  if (!gl.getSource(layer.id)) return;
  const opacity = state.opacity.get(layer.id) ?? 1;
  for (const style of gl.jingweiStyles.values()) {
    if (style.metadata.layer !== layer.id) continue;
    gl.setLayoutProperty(style.id, "visibility", visible ? "visible" : "none");
    gl.setPaintProperty(style.id, OPACITY_OF[style.type], style.metadata.opacity * opacity);
    if (style.type === "circle") gl.setPaintProperty(style.id, "circle-stroke-opacity", opacity);
  }
}

function sourceOf(layer, address) {
  if (layer.inlineUrl) return { type: "geojson", data: new URL(address, location.href).href };
  const [west, south, east, north] = config.city.bounds;
  return {
    type: "vector",
    tiles: [address],
    minzoom: layer.minzoom,
    maxzoom: DEEPEST_TILE,
    bounds: [west - 0.3, south - 0.3, east + 0.3, north + 0.3],
  };
}

function placeStyles(gl, layer) {
  const order = gl.jingweiOrder;
  const above = order.slice(order.indexOf(layer.id) + 1);
  const next = gl.getStyle().layers.find((style) => above.includes(style.metadata?.layer));
  for (const style of gl.jingweiStyles.values()) {
    if (style.metadata.layer === layer.id) gl.addLayer(style.complete, next?.id);
  }
}

function pick(gl, latlng) {
  const at = gl.project([latlng.lng, latlng.lat]);
  const box = [[at.x - PICK_PX, at.y - PICK_PX], [at.x + PICK_PX, at.y + PICK_PX]];
  const interactive = new Set(config.layers.filter((layer) => layer.interactive).map((layer) => layer.id));
  const layers = gl.getStyle().layers.filter((style) => interactive.has(style.metadata?.layer) && style.type !== "symbol");
  const found = gl.queryRenderedFeatures(box, { layers: layers.map((style) => style.id) });
  return found.map((feature) => ({ layer: feature.layer.metadata.layer, properties: feature.properties }))[0] ?? null;
}
