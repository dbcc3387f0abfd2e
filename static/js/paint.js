// The neutral paint of a layer, as style rules of maplibre and as path options of Leaflet. Zooms are those of tiles.

const COUNT_STOPS = [[1, 4.5], [10, 8], [100, 12], [1000, 16]];
export const COUNTED = { fill: "#2b4a66", ring: "#7fa6c9", ringOpen: "#fdd06a", text: "#f2f6fa", textSize: 10.5, opacity: 0.92, ringWidth: 1.4, leastShown: 10 };
export const HATCHING_PX = 8;
const RADIUS_BY_ZOOM = [[11, 0.75], [15, 1], [18, 1.5]];
const NOT_DRAWN = "rgba(0,0,0,0)";

/** How much larger points, lines and numbers are drawn: 1 for who sits before a screen, more for a wall seen from afar. */
export const drawn = { scale: 1 };

/** Return the width of a line at a zoom, in pixels. */
export function widthAt(paint, zoom) {
  return (interpolated(paint.widthStops, zoom) ?? paint.width) * drawn.scale;
}

function interpolated(stops, at) {
  if (!stops?.length) return undefined;
  if (at <= stops[0][0]) return stops[0][1];
  for (let n = 1; n < stops.length; n += 1) {
    const [[low, below], [high, above]] = [stops[n - 1], stops[n]];
    if (at <= high) return below + ((above - below) * (at - low)) / (high - low);
  }
  return stops.at(-1)[1];
}

/** Return the radius of a circle that stands for several hazards. */
export const countRadius = (count) => interpolated(COUNT_STOPS.map(([n, r]) => [Math.log10(n), r]), Math.log10(count)) * drawn.scale;

/** Return a count in at most four characters. */
export function shortCount(count) {
  return count < 1000 ? String(count) : `${Math.round(count / 100) / 10}k`;
}

/** Return the class a feature falls in, or undefined. */
export function stopOf(paint, properties) {
  const value = properties[paint.field];
  if (paint.kind === "categories") return paint.stops.find((stop) => stop.value === String(value));
  if (paint.kind !== "steps" || value === null || value === undefined) return undefined;
  return paint.stops.findLast((stop) => Number(value) >= stop.min);
}

/** Return the colour of a feature, or null where it is not drawn. */
export function colorOf(paint, properties) {
  return stopOf(paint, properties)?.color ?? paint.color ?? null;
}

/** Return maplibre's expression for the colour. */
export function colorExpression(paint) {
  const other = paint.color ?? NOT_DRAWN;
  if (paint.kind === "categories") {
    const cases = paint.stops.flatMap((stop) => [stop.value, stop.color]);
    return ["match", ["to-string", ["get", paint.field]], ...cases, other];
  }
  if (paint.kind === "steps") {
    const steps = paint.stops.flatMap((stop) => [stop.min, stop.color]);
    return ["case", ["==", ["get", paint.field], null], other, ["step", ["to-number", ["get", paint.field]], other, ...steps]];
  }
  return paint.color ?? NOT_DRAWN;
}

/** Return maplibre's expression for a line's width. */
export function widthExpression(paint) {
  if (!paint.widthStops?.length) return paint.width * drawn.scale;
  return ["interpolate", ["linear"], ["zoom"], ...paint.widthStops.flatMap(([zoom, width]) => [zoom, width * drawn.scale])];
}

/** Return the radius of a single point, in pixels. */
export function radiusAt(paint, properties, zoom) {
  const radius = paint.radii?.[properties[paint.radiusField]] ?? paint.radius;
  return radius * interpolated(RADIUS_BY_ZOOM, zoom) * drawn.scale;
}

/** Return maplibre's expression for the radius of a single point. */
export function radiusExpression(paint) {
  const sizes = Object.entries(paint.radii ?? {}).flat();
  const radius = sizes.length ? ["match", ["to-string", ["get", paint.radiusField]], ...sizes, paint.radius] : paint.radius;
  return ["interpolate", ["linear"], ["zoom"], ...RADIUS_BY_ZOOM.flatMap(([zoom, factor]) => [zoom, ["*", factor * drawn.scale, radius]])];
}

/** Return maplibre's expression for the radius by count. */
export function countRadiusExpression() {
  return ["interpolate", ["linear"], ["log10", ["get", "count"]], ...COUNT_STOPS.flatMap(([n, r]) => [Math.log10(n), r * drawn.scale])];
}

/** Return a diagonal hatching of a colour as a small image; drawn where nothing is known, so it cannot pass for calm. */
export function hatching(color) {
  const canvas = Object.assign(document.createElement("canvas"), { width: HATCHING_PX, height: HATCHING_PX });
  const context = canvas.getContext("2d", { willReadFrequently: true });
  Object.assign(context, { strokeStyle: color, lineWidth: 1.6 });
  for (const shift of [-8, 0, 8]) {
    context.beginPath();
    context.moveTo(shift - 2, 10);
    context.lineTo(shift + 10, -2);
    context.stroke();
  }
  return canvas;
}
