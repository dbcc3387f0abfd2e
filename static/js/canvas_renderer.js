// Draws each layer as tiles on canvas with Leaflet.VectorGrid, for machines without a graphics card.

import { config, layersToPick } from "./config.js";
import { COUNTED, colorOf, countRadius, drawn as sizes, hatching, radiusAt, shortCount, stopOf, widthAt } from "./paint.js";
import { tileAddress } from "./view_state.js";

const { L } = window;
const TILE_PX = 512;
const PICK_PX = 4;
const SHARPEST = 2;

// Leaflet 1.8 dropped a function that VectorGrid still calls on clicks.
L.DomEvent.fakeStop ??= (event) => L.DomEvent.stopPropagation(event);

// Tiles of 512 pixels: one zoom coarser than Leaflet's, the same tiles as maplibre asks for.
const Tiles = L.VectorGrid.Protobuf.extend({
  async _getVectorTilePromise(coords) {
    const empty = { layers: {} };
    try {
      const address = L.Util.template(this.options.address, { x: coords.x, y: coords.y, z: coords.z - 1 });
      const answer = await fetch(address);
      if (answer.status === 204) return empty;
      if (!answer.ok) throw new Error(`${answer.status} for ${address}`);
      this._url = URL.createObjectURL(await answer.blob());
      const tile = L.VectorGrid.Protobuf.prototype._getVectorTilePromise.call(this, coords);
      const release = this._url;
      return await tile.finally(() => URL.revokeObjectURL(release));
    } catch (error) {
      this.options.onError(error);
      return empty;
    }
  },
});

/** Return a renderer: `sync(state)`, `pick(latlng)`, `isIdle()`, `retry()`. */
export function canvasRenderer(map, { onBusy, onError }) {
  const grids = new Map();
  const drawn = config.layers.filter((layer) => layer.paint.kind !== "label");

  // A grid outside its zooms has no tile zoom; the tiles it was waiting for then never come.
  const isIdle = () => [...grids.values()].every((grid) => grid._tileZoom === undefined || grid._noTilesToLoad());
  const tellBusy = () => onBusy(!isIdle());
  map.on("zoomend moveend", tellBusy);

  function add(layer, address) {
    const grid = new Tiles("", gridOptions(layer, address, onError));
    grid.on("loading load tileload tileunload", tellBusy);
    grids.set(layer.id, grid.addTo(map));
  }

  function remove(id) {
    grids.get(id)?.remove();
    grids.delete(id);
    tellBusy();
  }

  return {
    name: "canvas",
    sync(state) {
      for (const layer of drawn) {
        const address = tileAddress(layer, state);
        if (grids.get(layer.id)?.options.address !== address) remove(layer.id);
        if (!state.layers.has(layer.id)) remove(layer.id);
        else if (!grids.has(layer.id)) add(layer, address);
        grids.get(layer.id)?.setOpacity(state.opacity.get(layer.id) ?? 1);
      }
    },
    pick(latlng) {
      for (const layer of layersToPick.filter(({ id }) => grids.has(id))) {
        const properties = pickFrom(map, grids.get(layer.id), latlng);
        if (properties) return { layer: layer.id, properties };
      }
      return null;
    },
    isIdle,
    retry() {
      for (const grid of grids.values()) grid.redraw();
    },
  };
}

function gridOptions(layer, address, onError) {
  let unnamed = 0;
  return {
    address,
    onError,
    tileSize: TILE_PX,
    minZoom: layer.minzoom + 1,
    maxZoom: layer.maxzoom >= 18 ? 24 : layer.maxzoom,
    zIndex: layer.order,
    rendererFactory: sharpTile,
    tolerance: PICK_PX,
    updateWhenZooming: false,
    keepBuffer: 1,
    getFeatureId: (feature) => feature.properties.id ?? `unnamed-${(unnamed += 1)}`,
    vectorTileLayerStyles: { [layer.id]: styleOf(layer) },
  };
}

/** A tile's canvas with as many pixels as the screen has, which also writes counts into circles. */
function sharpTile(coords, size, options) {
  const tile = L.canvas.tile(coords, size, options);
  const sharpness = Math.min(window.devicePixelRatio || 1, SHARPEST);
  Object.assign(tile._container, { width: size.x * sharpness, height: size.y * sharpness });
  tile._ctx.scale(sharpness, sharpness);
  const drawCircle = tile._updateCircle;
  tile._updateCircle = function drawCircleAndCount(layer) {
    drawCircle.call(this, layer);
    if (!layer.options.count) return;
    Object.assign(this._ctx, { font: `500 ${COUNTED.textSize * sizes.scale}px sans-serif`, textAlign: "center", textBaseline: "middle", fillStyle: COUNTED.text });
    this._ctx.fillText(layer.options.count, layer._point.x, layer._point.y + 0.5);
  };
  return tile;
}

function styleOf({ geometryType, paint }) {
  const patterns = new Map();
  const patternOf = (stop) => {
    if (!patterns.has(stop)) patterns.set(stop, document.createElement("canvas").getContext("2d").createPattern(hatching(stop.color), "repeat"));
    return patterns.get(stop);
  };
  return (properties, mapZoom) => {
    const zoom = mapZoom - 1;
    if ("count" in properties) return countedStyle(properties);
    const color = colorOf(paint, properties);
    if (color === null) return [];
    const width = widthAt(paint, zoom);
    if (geometryType === "line") return { color, weight: width, opacity: paint.opacity, dashArray: paint.dash.length ? paint.dash.join(",") : null };
    const edge = { stroke: Boolean(paint.outline) && width > 0, color: paint.outline ?? color, weight: width };
    if (geometryType === "point") {
      return { ...edge, radius: radiusAt(paint, properties, zoom), opacity: 1, fill: true, fillColor: color, fillOpacity: paint.fillOpacity };
    }
    const stop = stopOf(paint, properties);
    const hatched = Boolean(stop?.hatched);
    return { ...edge, opacity: paint.opacity, fill: true, fillColor: hatched ? patternOf(stop) : color, fillOpacity: hatched ? 0.8 : paint.fillOpacity };
  };
}

function countedStyle({ count, open_count: open }) {
  return {
    radius: countRadius(count), fill: true, fillColor: COUNTED.fill, fillOpacity: COUNTED.opacity, stroke: true, weight: COUNTED.ringWidth, opacity: 1,
    color: open > 0 ? COUNTED.ringOpen : COUNTED.ring, count: count >= COUNTED.leastShown ? shortCount(count) : "",
  };
}

/** Return the properties of the topmost feature of a layer at a place. */
function pickFrom(map, grid, latlng) {
  const at = map.project(latlng, grid._tileZoom ?? map.getZoom());
  const column = Math.floor(at.x / TILE_PX);
  const row = Math.floor(at.y / TILE_PX);
  const tile = grid._vectorTiles[`${column}:${row}:${grid._tileZoom}`];
  const within = at.subtract([column * TILE_PX, row * TILE_PX]);
  let found = null;
  for (const { feature } of Object.values(tile?._features ?? {})) {
    if (feature.options && !feature._radius && !feature._pxBounds) feature.makeInteractive();
    if (feature.options && feature._containsPoint(within)) found = feature.properties;
  }
  return found;
}
