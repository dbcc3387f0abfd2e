// The form of a finding: what is wrong, and where: by the phone's position, a tap on the map, or coordinates.

import { backgroundMap } from "./background_map.js";
import { config } from "./config.js";
import { byId } from "./elements.js";
import { newId } from "./picture_sending.js";

const { L } = window;
const LOCATE_MS = 15000;
const CLOSE_ZOOM = 17;
const DIGITS = 6;
const say = (key, values = {}) => config.words[key].replace(/\{(\w+)\}/g, (whole, name) => (name in values ? String(values[name]) : whole));
const dialog = byId("finding");
const fields = Object.fromEntries(["title", "category", "severity", "place", "lon", "lat", "datum", "description"].map((name) => [name, byId(`x-${name}`)]));
let drawn = null;
let current = null;

/** Let the form report findings; `now()` is the server's time. */
export function prepareForm({ now, onReport }) {
  byId("finding-form").addEventListener("submit", async (event) => {
    event.preventDefault();
    const spot = typedPlace();
    if (!fields.title.value.trim()) return fields.title.focus();
    if (!spot) return complain(say("no_place"));
    byId("add-finding").disabled = true;
    const refusal = await onReport({
      id: current.id, item: current.item, category: fields.category.value, severity: fields.severity.value, title: fields.title.value.trim(),
      description: fields.description.value, place_name: fields.place.value.trim(), discovered_at: current.at ?? now(), location: spot,
    });
    byId("add-finding").disabled = false;
    return refusal ? complain(refusal) : dialog.close();
  });
  byId("leave-finding").addEventListener("click", () => dialog.close());
  byId("locate").addEventListener("click", locate);
  for (const name of ["lon", "lat", "datum"]) fields[name].addEventListener("change", mark);
}

/** Open the form for an item; `body` is a finding that was refused and is to be mended. */
export function openForm({ item, category, severity, body = null }) {
  current = { id: newId(), item, at: body?.discovered_at };
  byId("finding-form").reset();
  if (category) fields.category.value = category;
  if (severity) fields.severity.value = severity;
  if (body) {
    const { location, place_name: place, ...rest } = body;
    for (const [name, value] of Object.entries({ ...rest, ...location, place })) if (name in fields) fields[name].value = value;
  }
  byId("place-status").textContent = "";
  complain("");
  dialog.showModal();
  draw();
  mark();
}

/** Say in the form what is wrong; nothing hides it. */
export function complain(text) {
  byId("finding-problem").textContent = text;
  byId("finding-problem").hidden = !text;
  if (text) byId("finding-problem").scrollIntoView({ block: "nearest" });
}

function typedPlace() {
  const [lon, lat] = [fields.lon.value, fields.lat.value].map((text) => (text.trim() === "" ? NaN : Number(text)));
  return Math.abs(lon) <= 180 && Math.abs(lat) <= 90 ? { lon, lat, datum: fields.datum.value } : null;
}

function draw() {
  if (drawn) {
    drawn.map.invalidateSize();
    return;
  }
  const map = backgroundMap("finding-map");
  if (config.outline) map.fitBounds(L.geoJSON(config.outline, { interactive: false, style: { color: "#58c4dc", weight: 2, fillOpacity: 0.06 } }).addTo(map).getBounds(), { animate: false });
  const spot = L.circleMarker(map.getCenter(), { radius: 9, color: "#ffffff", weight: 2.5, fillColor: "#ff7a45", fillOpacity: 0.95, interactive: false });
  map.on("click", ({ latlng }) => choose(latlng.wrap()));
  drawn = { map, spot };
}

function choose({ lat, lng }) {
  fields.lon.value = lng.toFixed(DIGITS);
  fields.lat.value = lat.toFixed(DIGITS);
  fields.datum.value = "wgs84";
  mark();
}

/** Show the place on the map; that of another datum only the server knows exactly. */
function mark() {
  const spot = typedPlace();
  const isShown = spot && (spot.datum === "wgs84" || spot.datum === "cgcs2000");
  if (isShown) drawn.spot.setLatLng([spot.lat, spot.lon]).addTo(drawn.map);
  else drawn.spot.remove();
  const isOutside = isShown && config.outline && !holds(config.outline, spot);
  if (isOutside) complain(say("outside"));
  else if (spot) complain("");
}

function locate() {
  const status = byId("place-status");
  if (!navigator.geolocation || !window.isSecureContext) {
    status.textContent = say("no_position");
    return;
  }
  status.textContent = say("locating");
  navigator.geolocation.getCurrentPosition(({ coords }) => {
    choose({ lat: coords.latitude, lng: coords.longitude });
    drawn.map.setView([coords.latitude, coords.longitude], CLOSE_ZOOM, { animate: false });
    status.textContent = say("position", { metres: Math.round(coords.accuracy) });
  }, () => {
    status.textContent = say("no_position");
  }, { enableHighAccuracy: true, timeout: LOCATE_MS });
}

/** Return whether a polygon or several hold a point, by counting the edges east of it. */
function holds({ type, coordinates }, { lon, lat }) {
  const polygons = type === "Polygon" ? [coordinates] : coordinates;
  const isIn = (ring) => ring.reduce((inside, [x, y], n) => {
    const [xBefore, yBefore] = ring[(n || ring.length) - 1];
    const crosses = y > lat !== yBefore > lat && lon < ((xBefore - x) * (lat - y)) / (yBefore - y) + x;
    return crosses ? !inside : inside;
  }, false);
  return polygons.some(([outer, ...holes]) => isIn(outer) && !holes.some(isIn));
}
