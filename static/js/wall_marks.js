// What moves on the wall's map: a ring where something just happened, and patrols where they are. Both are forgotten in time.

import { element } from "./elements.js";

const { L } = window;
const RING_MS = 9000;
const MOST_RINGS = 30;
const MOST_PATROLS = 400;
const HEARD_MS = 20 * 60000;
const SWEPT_EVERY_MS = 30000;

/** Return `ring(event)`, `move(positions)` and `count`. */
export function startMarks(map) {
  const rings = [];
  const patrols = new Map();

  function marker(lat, lon, className) {
    const html = element("i");
    return L.marker([lat, lon], { interactive: false, keyboard: false, icon: L.divIcon({ className, html, iconSize: [0, 0] }) }).addTo(map);
  }

  function drop(mark) {
    mark.remove();
  }

  function ring({ lon, lat, severity }) {
    if (!Number.isFinite(lon) || !Number.isFinite(lat)) return;
    const mark = marker(lat, lon, `ring ring-${severity}`);
    rings.push(mark);
    setTimeout(() => {
      rings.splice(rings.indexOf(mark), 1);
      drop(mark);
    }, RING_MS);
    while (rings.length > MOST_RINGS) drop(rings.shift());
  }

  function move(positions) {
    for (const { patrol, lon, lat, recorded_at: at } of positions) {
      const known = patrols.get(patrol);
      if (known) known.mark.setLatLng([lat, lon]);
      else if (patrols.size < MOST_PATROLS) patrols.set(patrol, { mark: marker(lat, lon, "patrol") });
      if (patrols.has(patrol)) patrols.get(patrol).at = Date.parse(at);
    }
  }

  function sweep() {
    for (const [patrol, { mark, at }] of patrols) {
      if (Date.now() - at < HEARD_MS) continue;
      drop(mark);
      patrols.delete(patrol);
    }
  }

  // Marks glide to where a patrol is now, and stay where they are while the map itself moves.
  map.on("movestart zoomstart", () => map.getContainer().classList.remove("settled"));
  map.on("moveend zoomend", () => requestAnimationFrame(() => map.getContainer().classList.add("settled")));
  setInterval(sweep, SWEPT_EVERY_MS);
  return { ring, move, get count() { return rings.length + patrols.size; } };
}
