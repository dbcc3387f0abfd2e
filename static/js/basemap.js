// A basemap of the operator's below all layers: tiles from our own server or, where that is set, from a tile server.

import { config } from "./config.js";
import { toGcj02 } from "./geodesy.js";

const { L } = window;
const LINE = { color: "#54708c", weight: 1, opacity: 0.7 };
const FILL = { stroke: false, fill: true, fillColor: "#24415a", fillOpacity: 0.45 };

/** Tiles of a map whose places are offset as GCJ-02 asks: put back by the offset at the middle of the view. */
const OffsetTiles = L.TileLayer.extend({
  _offsetPx(zoom) {
    const middle = this._map.getCenter();
    return this._map.project(toGcj02(middle), zoom).subtract(this._map.project(middle, zoom)).round();
  },
  _getTiledPixelBounds(center) {
    const bounds = L.TileLayer.prototype._getTiledPixelBounds.call(this, center);
    const offset = this._offsetPx(this._tileZoom);
    return L.bounds(bounds.min.add(offset), bounds.max.add(offset));
  },
  _getTilePos(coords) {
    return L.TileLayer.prototype._getTilePos.call(this, coords).subtract(this._offsetPx(coords.z));
  },
});

/** Vector tiles of layers we know nothing of: lines as lines, areas softly filled, points left out. */
const PlainTiles = L.VectorGrid.Protobuf.extend({
  _createLayer(feature, pxPerExtent) {
    const style = { 1: { radius: 0, stroke: false, fill: false }, 2: LINE, 3: FILL }[feature.type];
    return L.VectorGrid.prototype._createLayer.call(this, feature, pxPerExtent, style);
  },
});

/** Return `sync(state)`, which shows the basemap that a state names, and nothing for our own. */
export function startBasemap(map) {
  map.createPane("basemap").style.zIndex = 150;
  let shown = { id: "", layer: null };
  return {
    sync({ base = "" }) {
      if (base === shown.id) return;
      shown.layer?.remove();
      const wanted = (config.basemaps ?? []).find(({ id }) => id === base);
      shown = { id: base, layer: wanted ? layerOf(wanted).addTo(map) : null };
    },
  };
}

function layerOf({ url, kind, datum, minzoom, maxzoom, vectorLayers }) {
  const options = { pane: "basemap", minNativeZoom: minzoom, maxNativeZoom: maxzoom, maxZoom: 22 };
  if (kind === "raster") return datum === "gcj02" ? new OffsetTiles(url, options) : L.tileLayer(url, options);
  return new PlainTiles(url, {
    ...options,
    rendererFactory: L.canvas.tile,
    interactive: false,
    vectorTileLayerStyles: Object.fromEntries(vectorLayers.map((name) => [name, LINE])),
  });
}
