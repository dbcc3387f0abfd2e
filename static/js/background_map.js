// The map of a page that is no command map: the city with the page's quiet layers, for others to draw on.

import { canvasRenderer } from "./canvas_renderer.js";
import { config } from "./config.js";

const { L } = window;

/** Return what the renderer shows: every layer of the page, in its window of days. */
export const quietState = () => ({ layers: new Set(config.layers.map(({ id }) => id)), opacity: new Map(), ...config.window, night: config.night });

/** Return a Leaflet map of the city in the element `id`; `options` are Leaflet's. */
export function backgroundMap(id, options = {}) {
  const [west, south, east, north] = config.city.bounds;
  const map = L.map(id, { attributionControl: false, minZoom: 8, maxZoom: 19, ...options });
  map.fitBounds([[south, west], [north, east]], { animate: false });
  canvasRenderer(map, { onBusy: () => {}, onError: () => {} }).sync(quietState());
  return map;
}
