// The WebGL renderer: one MapLibre layer inside Leaflet that holds every vector layer.

import { COUNT_COLOR, COUNT_RING, colorExpression, countRadiusExpression, widthExpression } from "./paint.js";
import { tileUrl } from "./state.js";

/** Whether the machine draws WebGL by itself; software drawing is slower than the canvas. */
export function hasRealWebGl() {
  const context = document.createElement("canvas").getContext("webgl2");
  if (!context) return false;
  const facts = context.getExtension("WEBGL_debug_renderer_info");
  const name = String(context.getParameter(facts ? facts.UNMASKED_RENDERER_WEBGL : context.RENDERER));
  context.getExtension("WEBGL_lose_context")?.loseContext();
  return !/swiftshader|llvmpipe|softpipe|software|basic render/i.test(name);
}

function styleLayers(layer, state) {
  const { paint, id } = layer;
  const faded = state.opacity[id] ?? 1;
  const common = { source: id, "source-layer": id, layout: { visibility: state.layers.has(id) ? "visible" : "none" } };
  if (layer.geometryType === "polygon") {
    const parts = [];
    if (paint.fillOpacity > 0) {
      parts.push({ ...common, id: `${id}:fill`, type: "fill",
        paint: { "fill-color": colorExpression(paint), "fill-opacity": paint.fillOpacity * faded, "fill-antialias": paint.width > 0 } });
    } else {
      parts.push({ ...common, id: `${id}:fill`, type: "fill", paint: { "fill-color": "#000000", "fill-opacity": 0 } });
    }
    if (paint.width > 0) {
      parts.push({ ...common, id: `${id}:line`, type: "line",
        paint: { "line-color": paint.outline || colorExpression(paint), "line-width": widthExpression(paint), "line-opacity": paint.opacity * faded } });
    }
    return parts;
  }
  if (layer.geometryType === "line") {
    return [{ ...common, id: `${id}:line`, type: "line",
      layout: { ...common.layout, "line-cap": "round", "line-join": "round" },
      paint: { "line-color": colorExpression(paint), "line-width": widthExpression(paint), "line-opacity": paint.opacity * faded } }];
  }
  const single = { ...common, id: `${id}:point`, type: "circle", filter: ["!", ["has", "count"]],
    paint: { "circle-color": colorExpression(paint), "circle-radius": paint.radius, "circle-opacity": paint.fillOpacity * faded,
      "circle-stroke-color": paint.outline || "#0b1219", "circle-stroke-width": paint.width, "circle-stroke-opacity": faded } };
  if (!layer.aggregateBelow) return [single];
  const counted = { ...common, id: `${id}:count`, type: "circle", filter: ["has", "count"],
    paint: { "circle-color": COUNT_COLOR, "circle-radius": countRadiusExpression, "circle-opacity": 0.6 * faded,
      "circle-stroke-color": ["case", [">", ["get", "open_count"], 0], COUNT_RING, "#0b1219"], "circle-stroke-width": 1.4, "circle-stroke-opacity": faded } };
  return [counted, single];
}

const absolute = (path) => new URL(path, location.href).href.replaceAll("%7B", "{").replaceAll("%7D", "}");

export function makeGlRenderer({ map, config, layers, store, hooks }) {
  maplibregl.setWorkerUrl(absolute(`${config.staticUrl}/vendor/maplibre-gl/dist/maplibre-gl-csp-worker.js`));
  const state = store.get();
  const sources = Object.fromEntries(layers.map((layer) => [layer.id, {
    type: "vector", tiles: [absolute(tileUrl(layer, state, config))], minzoom: layer.minzoom, maxzoom: Math.min(layer.maxzoom, 16),
  }]));
  const glLayer = L.maplibreGL({
    style: { version: 8, sources, layers: layers.flatMap((layer) => styleLayers(layer, state)) },
    interactive: false, attributionControl: false, fadeDuration: 0, pane: "tilePane",
  }).addTo(map);
  const gl = glLayer.getMaplibreMap();
  const byStyleId = new Map(layers.flatMap((layer) => styleLayers(layer, state).map((part) => [part.id, layer])));
  gl.on("error", (event) => hooks.failed(event.error?.message || "tile"));
  gl.on("dataloading", () => hooks.busy());
  gl.on("idle", () => hooks.idle());

  const featureAt = (event) => {
    const point = gl.project([event.latlng.lng, event.latlng.lat]);
    const box = [[point.x - 4, point.y - 4], [point.x + 4, point.y + 4]];
    const ids = [...byStyleId].filter(([id, layer]) => layer.interactive && gl.getLayer(id)).map(([id]) => id);
    const found = gl.queryRenderedFeatures(box, { layers: ids })[0];
    return found ? { layer: byStyleId.get(found.layer.id), properties: found.properties } : null;
  };
  map.on("mousemove", (event) => gl.loaded() && hooks.hover(featureAt(event), event.originalEvent));
  map.on("click", (event) => hooks.click(featureAt(event)));

  return {
    name: "gl",
    show(id, visible) {
      for (const [part, layer] of byStyleId) if (layer.id === id) gl.setLayoutProperty(part, "visibility", visible ? "visible" : "none");
    },
    refresh(layer) {
      hooks.busy();
      gl.getSource(layer.id).setTiles([absolute(tileUrl(layer, store.get(), config))]);
    },
    fade(layer) {
      for (const part of styleLayers(layer, store.get())) {
        for (const [name, value] of Object.entries(part.paint)) if (name.endsWith("opacity")) gl.setPaintProperty(part.id, name, value);
      }
    },
  };
}
