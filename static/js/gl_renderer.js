// Draws all layers in one maplibre map under Leaflet's controls. Its zooms are those of tiles: Leaflet's less one.

import { config, layersToPick } from "./config.js";
import { FONT, OPACITY_OF, filterWithout, hatchingName, stylesOf } from "./gl_styles.js";
import { HATCHING_PX, hatching } from "./paint.js";
import { classOf, drawingOrder, layersDrawn, tileAddress } from "./view_state.js";

const { L, maplibregl } = window;
const DEEPEST_TILE = 16;
const PICK_PX = 4;
const MARGIN_DEGREES = 0.3;

/** Return a renderer: `sync(state)`, `pick(latlng)`, `isIdle()`, `retry()`. Throws where WebGL is missing. */
export function glRenderer(map, { onBusy, onError }) {
  const worker = `${config.staticUrl}/vendor/maplibre-gl/dist/maplibre-gl-csp-worker.js`;
  maplibregl.setWorkerUrl(new URL(worker, location.href).href);
  const gl = L.maplibreGL({
    style: { version: 8, sources: {}, layers: [] },
    fadeDuration: 0,
    localIdeographFontFamily: FONT[0],
    canvasContextAttributes: { preserveDrawingBuffer: true }, // without it the map prints blank
  }).addTo(map).getMaplibreMap();
  hideFromReaders(gl.getCanvas());
  const drawn = config.layers.filter((layer) => layer.paint.kind !== "label");
  const stylesById = new Map(drawn.map((layer) => [layer.id, stylesOf(layer)]));
  const addresses = new Map();
  const filtered = new Map();
  const usual = drawingOrder({ order: [] }).join();
  let ordered = usual;
  const ready = new Promise((resolve) => gl.once("style.load", resolve)).then(() => addHatchings(gl, drawn));
  const isIdle = followTiles(gl, onBusy, onError);

  function add(layer, address) {
    const above = drawn.slice(drawn.indexOf(layer) + 1).flatMap((each) => stylesById.get(each.id));
    const next = above.find((style) => gl.getLayer(style.id));
    gl.addSource(layer.id, sourceOf(layer, address));
    for (const style of stylesById.get(layer.id)) gl.addLayer(style, next?.id);
    if (ordered !== usual) ordered = "";
  }

  function syncLayer(layer, state) {
    const visible = layersDrawn(state).has(layer.id);
    const address = layer.inlineUrl ? location.origin + layer.inlineUrl : tileAddress(layer, state);
    if (visible && !gl.getSource(layer.id)) add(layer, address);
    else if (visible && addresses.get(layer.id) !== address) gl.getSource(layer.id).setTiles([address]);
    if (visible) addresses.set(layer.id, address);
    if (!gl.getSource(layer.id)) return;
    const opacity = state.opacity.get(layer.id) ?? 1;
    for (const style of stylesById.get(layer.id)) {
      show(gl, style, visible, opacity);
      filter(layer, style, state);
    }
  }

  function filter(layer, style, state) {
    const hidden = state.hidden?.get(layer.id) ?? new Set();
    const word = [...hidden].join();
    if ((filtered.get(style.id) ?? "") === word) return;
    filtered.set(style.id, word);
    const stops = layer.paint.stops.filter((stop) => hidden.has(classOf(stop)));
    gl.setFilter(style.id, filterWithout(style, layer.paint, stops));
  }

  function putInOrder(state) {
    const order = drawingOrder({ order: state.order ?? [] });
    if (order.join() === ordered) return;
    ordered = order.join();
    for (const id of order) for (const style of stylesById.get(id) ?? []) if (gl.getLayer(style.id)) gl.moveLayer(style.id);
  }

  return {
    name: "gl",
    async sync(state) {
      await ready;
      for (const layer of drawn) syncLayer(layer, state);
      putInOrder(state);
    },
    pick: (latlng) => pick(gl, latlng, layersToPick.flatMap((layer) => stylesById.get(layer.id) ?? [])),
    isIdle,
    retry() {
      for (const [id, address] of addresses) gl.getSource(id).setTiles?.([`${address}&retry=${Date.now()}`]);
    },
  };
}

function hideFromReaders(canvas) {
  canvas.setAttribute("tabindex", "-1");
  canvas.setAttribute("aria-hidden", "true");
  canvas.removeAttribute("role");
}

function addHatchings(gl, layers) {
  for (const stop of layers.flatMap((layer) => layer.paint.stops)) {
    if (!stop.hatched || gl.hasImage(hatchingName(stop))) continue;
    gl.addImage(hatchingName(stop), hatching(stop.color).getContext("2d").getImageData(0, 0, HATCHING_PX, HATCHING_PX));
  }
}

function followTiles(gl, onBusy, onError) {
  let idle = false;
  const stirred = () => {
    idle = false;
    onBusy(true);
  };
  gl.on("dataloading", stirred);
  gl.on("movestart", stirred);
  gl.on("idle", () => {
    idle = gl.areTilesLoaded();
    onBusy(!idle);
  });
  gl.on("error", (event) => onError(event.error));
  return () => idle && gl.areTilesLoaded();
}

function sourceOf(layer, address) {
  if (layer.inlineUrl) return { type: "geojson", data: address };
  const [west, south, east, north] = config.city.bounds;
  const bounds = [west - MARGIN_DEGREES, south - MARGIN_DEGREES, east + MARGIN_DEGREES, north + MARGIN_DEGREES];
  return { type: "vector", tiles: [address], minzoom: layer.minzoom, maxzoom: DEEPEST_TILE, bounds };
}

function show(gl, { id, type, metadata }, visible, opacity) {
  gl.setLayoutProperty(id, "visibility", visible ? "visible" : "none");
  gl.setPaintProperty(id, OPACITY_OF[type], metadata.opacity * opacity);
  if (type === "circle") gl.setPaintProperty(id, "circle-stroke-opacity", opacity);
}

function pick(gl, latlng, styles) {
  const at = gl.project([latlng.lng, latlng.lat]);
  const box = [[at.x - PICK_PX, at.y - PICK_PX], [at.x + PICK_PX, at.y + PICK_PX]];
  const layers = styles.filter((style) => style.type !== "symbol" && gl.getLayer(style.id)).map((style) => style.id);
  const all = gl.queryRenderedFeatures(box, { layers });
  const found = layers.map((id) => all.find((feature) => feature.layer.id === id)).find(Boolean);
  return found ? { layer: found.layer.metadata.layer, properties: found.properties } : null;
}
