// The neutral paint of a layer as maplibre's style layers.

import { COUNTED, colorExpression, countRadiusExpression, drawn, radiusExpression, widthExpression } from "./paint.js";

/** Fonts of numbers on the map: of this machine, none is loaded. */
export const FONT = ["Noto Sans CJK SC,Noto Sans SC,Microsoft YaHei,sans-serif"];
export const OPACITY_OF = { fill: "fill-opacity", line: "line-opacity", circle: "circle-opacity", symbol: "text-opacity" };
const NOT_DRAWN = "rgba(0,0,0,0)";
const OVER_EVERY_ZOOM = 24;

/** Return the name of the hatching image of a class. */
export const hatchingName = (stop) => `hatching-${stop.color}`;

/** Return the style layers of a layer, hidden, in drawing order; their metadata names the layer and its own opacity. */
export function stylesOf(layer) {
  const build = { line: lineStyles, point: pointStyles, polygon: polygonStyles }[layer.geometryType];
  return build(layer).map((style) => ({
    ...style,
    source: layer.id,
    ...(layer.inlineUrl ? {} : { "source-layer": layer.id }),
    minzoom: layer.minzoom,
    maxzoom: layer.maxzoom >= 18 ? OVER_EVERY_ZOOM : layer.maxzoom,
    metadata: { layer: layer.id, opacity: style.paint[OPACITY_OF[style.type]] },
  }));
}

function lineStyles({ id, paint }) {
  return [line(id, paint, colorExpression(paint))];
}

function line(id, paint, color) {
  const dash = paint.dash.length ? { "line-dasharray": paint.dash } : {};
  return {
    id,
    type: "line",
    layout: { "line-cap": paint.dash.length ? "butt" : "round", "line-join": "round" },
    paint: { "line-color": color, "line-width": widthExpression(paint), "line-opacity": paint.opacity, ...dash },
  };
}

function polygonStyles({ id, group, paint }) {
  // Cells side by side would show seams where two softened edges meet.
  const soft = group !== "analysis";
  // A fill of no opacity is still there for the pointer.
  const fill = { id, type: "fill", paint: { "fill-color": colorExpression(paint), "fill-opacity": paint.fillOpacity, "fill-antialias": soft } };
  const hatched = paint.stops.filter((stop) => stop.hatched);
  if (hatched.length) fill.filter = ["!", ["any", ...hatched.map((stop) => within(paint, stop))]];
  const patterns = hatched.map((stop) => ({
    id: `${id}-${stop.value ?? stop.min}`,
    type: "fill",
    filter: within(paint, stop),
    paint: { "fill-pattern": hatchingName(stop), "fill-opacity": 0.8 },
  }));
  const outline = paint.outline && paint.width > 0 ? [line(`${id}-outline`, paint, paint.outline)] : [];
  return [fill, ...patterns, ...outline];
}

function within(paint, stop) {
  if (paint.kind === "categories") return ["==", ["to-string", ["get", paint.field]], stop.value];
  const value = ["to-number", ["get", paint.field]];
  const next = paint.stops[paint.stops.indexOf(stop) + 1];
  return ["all", ["has", paint.field], [">=", value, stop.min], ...(next ? [["<", value, next.min]] : [])];
}

function pointStyles({ id, paint, aggregateBelow }) {
  const single = {
    id,
    type: "circle",
    filter: ["!", ["has", "count"]],
    paint: {
      "circle-color": colorExpression(paint),
      "circle-radius": radiusExpression(paint),
      "circle-opacity": paint.fillOpacity,
      "circle-stroke-color": paint.outline ?? NOT_DRAWN,
      "circle-stroke-width": paint.outline ? paint.width : 0,
    },
  };
  return aggregateBelow ? [single, countedStyle(id), numberStyle(id)] : [single];
}

function countedStyle(id) {
  return {
    id: `${id}-counted`,
    type: "circle",
    filter: ["has", "count"],
    layout: { "circle-sort-key": ["get", "count"] },
    paint: {
      "circle-color": COUNTED.fill,
      "circle-radius": countRadiusExpression(),
      "circle-opacity": COUNTED.opacity,
      "circle-stroke-color": ["case", [">", ["get", "open_count"], 0], COUNTED.ringOpen, COUNTED.ring],
      "circle-stroke-width": COUNTED.ringWidth,
    },
  };
}

function numberStyle(id) {
  const count = ["get", "count"];
  const thousands = ["concat", ["to-string", ["/", ["round", ["/", count, 100]], 10]], "k"];
  return {
    id: `${id}-numbers`,
    type: "symbol",
    filter: ["all", ["has", "count"], [">=", count, COUNTED.leastShown]],
    layout: {
      "text-field": ["case", ["<", count, 1000], ["to-string", count], thousands],
      "text-font": FONT,
      "text-size": COUNTED.textSize * drawn.scale,
      "text-allow-overlap": true,
      "text-ignore-placement": true,
    },
    paint: { "text-color": COUNTED.text, "text-opacity": 1 },
  };
}
