// The canvas renderer, for machines without WebGL: one VectorGrid per visible layer.

import { COUNT_COLOR, COUNT_RING, colorOf, countRadius, widthAt } from "./paint.js";
import { tileUrl } from "./state.js";

// VectorGrid asks Leaflet for a function that newer versions no longer have.
L.DomEvent.fakeStop = L.DomEvent.fakeStop || (() => true);

function styleOf(layer, state, properties, zoom) {
  const { paint, id } = layer;
  const faded = state.opacity[id] ?? 1;
  if (properties.count !== undefined && layer.aggregateBelow) {
    return { radius: countRadius(properties.count), fill: true, fillColor: COUNT_COLOR, fillOpacity: 0.6 * faded,
      stroke: true, color: properties.open_count > 0 ? COUNT_RING : "#0b1219", weight: 1.4, opacity: faded };
  }
  const color = colorOf(paint, properties);
  if (color === null) return [];
  const weight = widthAt(paint, zoom);
  if (layer.geometryType === "line") return { stroke: true, color, weight, opacity: paint.opacity * faded, fill: false };
  return { radius: paint.radius, stroke: weight > 0, color: paint.outline || color, weight, opacity: paint.opacity * faded,
    fill: layer.interactive || paint.fillOpacity > 0, fillColor: color, fillOpacity: paint.fillOpacity * faded };
}

export function makeCanvasRenderer({ map, config, layers, store, hooks }) {
  const grids = new Map();
  const waiting = new Set();
  const order = [...layers];

  const settle = (id) => {
    waiting.delete(id);
    if (!waiting.size) hooks.idle();
  };

  function add(layer) {
    const pane = `jingwei-${layer.id}`;
    if (!map.getPane(pane)) map.createPane(pane).style.zIndex = String(210 + order.indexOf(layer));
    const grid = L.vectorGrid.protobuf(tileUrl(layer, store.get(), config), {
      pane,
      rendererFactory: L.canvas.tile,
      interactive: layer.interactive,
      minZoom: layer.minzoom,
      maxZoom: 20,
      maxNativeZoom: 16,
      vectorTileLayerStyles: { [layer.id]: (properties, zoom) => styleOf(layer, store.get(), properties, zoom) },
      getFeatureId: (feature) => feature.properties.id,
    });
    const about = (event) => ({ layer, properties: event.layer.properties });
    grid.on("mouseover mousemove", (event) => hooks.hover(about(event), event.originalEvent));
    grid.on("mouseout", (event) => hooks.hover(null, event.originalEvent));
    grid.on("click", (event) => {
      L.DomEvent.stop(event);
      hooks.click(about(event));
    });
    grid.on("loading", () => { waiting.add(layer.id); hooks.busy(); });
    grid.on("load", () => settle(layer.id));
    grid.on("tileerror", (event) => hooks.failed(event.error?.message || "tile"));
    grids.set(layer.id, grid);
    grid.addTo(map);
    if (map.getZoom() < layer.minzoom) settle(layer.id);
  }

  function remove(layer) {
    grids.get(layer.id)?.remove();
    grids.delete(layer.id);
    settle(layer.id);
  }

  for (const layer of order) if (store.get().layers.has(layer.id)) add(layer);
  map.on("click", () => hooks.click(null));
  return {
    name: "canvas",
    show(id, visible) {
      const layer = order.find((each) => each.id === id);
      if (visible && !grids.has(id)) add(layer);
      if (!visible) remove(layer);
    },
    refresh(layer) {
      if (grids.has(layer.id)) grids.get(layer.id).setUrl(tileUrl(layer, store.get(), config));
    },
    fade(layer) {
      grids.get(layer.id)?.redraw();
    },
  };
}
