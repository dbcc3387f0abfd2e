// The map of fences: those of the rules there are, and the one that is drawn for a new rule.

import { backgroundMap } from "./background_map.js";
import { config } from "./config.js";
import { INK, startDrawing } from "./drawing.js";
import { byId } from "./elements.js";

const { L } = window;
const CORNERS = 48;
const METRES_A_DEGREE = 111320;
const DIGITS = 6;
const FENCE = { color: "#fdd06a", weight: 2, fillOpacity: 0.08 };

/** Make the map; `corners()` are those drawn, lon and lat, or null; `show()` once its place is visible. */
export function fenceMap() {
  const { words, fences } = config.rules;
  const note = byId("fence-note");
  let map = null;
  let drawing = null;
  let fence = null;
  let ring = null;

  function make() {
    map = backgroundMap("fence-map");
    drawing = startDrawing(map);
    const known = L.featureGroup(fences.map(({ name, shape }) => L.geoJSON(shape, { style: FENCE }).bindTooltip(() => document.createTextNode(name), { sticky: true })));
    if (fences.length) map.fitBounds(known.addTo(map).getBounds().pad(0.4), { animate: false, maxZoom: 15 });
    for (const kind of ["polygon", "circle"]) byId(`fence-${kind}`).addEventListener("click", () => begin(kind));
    byId("fence-undo").addEventListener("click", () => drawing.undo() || keep(null));
    byId("fence-map").dataset.ready = "true";
  }

  function begin(kind) {
    keep(null);
    note.textContent = words[kind];
    drawing.begin(kind, { onDone: keep, onCancel: () => (note.textContent = words.none) });
  }

  function keep(shape) {
    fence?.remove();
    fence = null;
    ring = shape && (shape.kind === "circle" ? circle(shape.center, shape.radiusM) : shape.places.map(placeOf));
    note.textContent = ring ? words.drawn : words.none;
    if (ring) fence = L.polygon(ring.map(([lng, lat]) => [lat, lng]), { ...INK, renderer: drawing.renderer, interactive: false }).addTo(map);
  }

  return {
    corners: () => ring,
    show() {
      if (map) map.invalidateSize();
      else make();
    },
    /** Say that a fence is missing. */
    ask() {
      note.textContent = words.missing;
      byId("fence-map").scrollIntoView({ block: "center" });
      byId("fence-polygon").focus();
    },
  };
}

const placeOf = ({ lat, lng }) => [Number(lng.toFixed(DIGITS)), Number(lat.toFixed(DIGITS))];

function circle({ lat, lng }, metres) {
  const [high, wide] = [metres / METRES_A_DEGREE, metres / (METRES_A_DEGREE * Math.cos((lat * Math.PI) / 180))];
  return Array.from({ length: CORNERS }, (_, n) => {
    const turn = (2 * Math.PI * n) / CORNERS;
    return placeOf({ lng: lng + wide * Math.cos(turn), lat: lat + high * Math.sin(turn) });
  });
}
