// Names of places on a canvas above the map, the same for both renderers: more important ones first, none overlapping.

import { config } from "./config.js";
import { drawn } from "./paint.js";
import { fetchJson } from "./requests.js";

const { L } = window;
const FONT = "'Noto Sans CJK SC','Noto Sans SC','Microsoft YaHei',system-ui,sans-serif";
const MARGIN_PX = 6;

/** A Leaflet layer of the names of one layer of the configuration. */
export const PlaceLabels = L.Layer.extend({
  initialize(layer) {
    this._layer = layer;
    this._places = [];
    this.ready = fetchJson(`${layer.inlineUrl}?v=${config.dataVersion}`).then((collection) => this._take(collection));
  },

  _take(collection) {
    this._places = collection.features.map(({ geometry, properties }) => ({
      name: String(properties[this._layer.paint.field] ?? ""),
      minZoom: Number(properties.min_zoom ?? this._layer.minzoom),
      latlng: L.latLng(geometry.coordinates[1], geometry.coordinates[0]),
    })).sort((one, other) => one.minZoom - other.minZoom || one.name.length - other.name.length);
    if (this._map) this._draw();
  },

  onAdd(map) {
    this._canvas = L.DomUtil.create("canvas", "place-labels leaflet-zoom-hide");
    this._canvas.setAttribute("aria-hidden", "true");
    map.getPane("overlayPane").append(this._canvas);
    map.on("moveend zoomend resize viewreset", this._draw, this);
    this._draw();
  },

  onRemove(map) {
    this._canvas.remove();
    map.off("moveend zoomend resize viewreset", this._draw, this);
  },

  setOpacity(share) {
    this._share = share;
    if (this._canvas) this._canvas.style.opacity = share;
  },

  _draw() {
    const size = this._map.getSize();
    const sharpness = Math.min(window.devicePixelRatio || 1, 2);
    Object.assign(this._canvas, { width: size.x * sharpness, height: size.y * sharpness });
    Object.assign(this._canvas.style, { width: `${size.x}px`, height: `${size.y}px`, opacity: this._share ?? 1 });
    L.DomUtil.setPosition(this._canvas, this._map.containerPointToLayerPoint([0, 0]));
    const context = this._canvas.getContext("2d");
    context.scale(sharpness, sharpness);
    const { paint } = this._layer;
    Object.assign(context, { textAlign: "center", textBaseline: "middle", lineJoin: "round", strokeStyle: paint.outline ?? "#0b1219", fillStyle: paint.color });
    const zoom = this._map.getZoom() - 1;
    const taken = [];
    for (const place of this._places) if (place.minZoom <= zoom) this._write(context, place, size, taken);
  },

  _write(context, place, size, taken) {
    const at = this._map.latLngToContainerPoint(place.latlng);
    if (at.x < -60 || at.y < -20 || at.x > size.x + 60 || at.y > size.y + 20) return;
    const important = place.minZoom < 11;
    const pixels = (important ? 13 : 12) * drawn.scale;
    context.font = `${important ? 600 : 400} ${pixels}px ${FONT}`;
    const half = context.measureText(place.name).width / 2 + MARGIN_PX;
    const box = [at.x - half, at.y - pixels, at.x + half, at.y + pixels];
    if (taken.some((other) => box[0] < other[2] && box[2] > other[0] && box[1] < other[3] && box[3] > other[1])) return;
    taken.push(box);
    context.lineWidth = 3.2 * drawn.scale;
    context.globalAlpha = important ? 1 : 0.85;
    context.strokeText(place.name, at.x, at.y);
    context.fillText(place.name, at.x, at.y);
  },
});
