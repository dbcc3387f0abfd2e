// The features of a page on a map; a row and its shape find each other.

import { backgroundMap } from "./background_map.js";
import { config } from "./config.js";
import { byId } from "./elements.js";

const { L } = window;
const PLAIN = { color: "#3fc1d6", weight: 2, fillColor: "#3fc1d6", fillOpacity: 0.25 };
const CHOSEN = { color: "#ffffff", weight: 3, fillOpacity: 0.6 };
const CLOSE_ZOOM = 16;

const map = backgroundMap("collection-map");

const rows = new Map([...document.querySelectorAll("tr[data-id]")].map((row) => [row.dataset.id, row]));
const shapes = new Map();
let chosen = null;

function choose(id, { scroll = false } = {}) {
  if (chosen) {
    shapes.get(chosen)?.setStyle(PLAIN);
    rows.get(chosen)?.removeAttribute("aria-selected");
  }
  chosen = id;
  shapes.get(id)?.setStyle(CHOSEN).bringToFront();
  const row = rows.get(id);
  row?.setAttribute("aria-selected", "true");
  if (scroll) row?.scrollIntoView({ block: "nearest" });
}

const drawn = L.geoJSON(config.features.filter(({ geometry }) => geometry), {
  pointToLayer: (feature, place) => L.circleMarker(place, { radius: 6 }),
  style: PLAIN,
  onEachFeature: ({ id }, shape) => {
    shapes.set(String(id), shape);
    shape.on("click", () => choose(String(id), { scroll: true }));
  },
}).addTo(map);
if (drawn.getLayers().length) map.fitBounds(drawn.getBounds().pad(0.1), { maxZoom: CLOSE_ZOOM, animate: false });

for (const [id, row] of rows) row.addEventListener("mouseenter", () => choose(id));
byId("collection-map").dataset.ready = "true";
