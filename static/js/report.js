// Reporting a hazard in the field: a tap or the device's position, a few words, pictures; sent again until it is stored.

import { backgroundMap } from "./background_map.js";
import { byId, element } from "./elements.js";
import { newId, sendPicture } from "./picture_sending.js";

const { L } = window;
const CLOSE_ZOOM = 17;
const form = byId("report");
const words = form.dataset;
const map = backgroundMap("report-map");

let marker = null;
let report = { id: newId() };
let isWarned = false;

function choose(place) {
  report = { id: newId() };
  marker ??= L.circleMarker(place, { radius: 11, color: "#ffffff", weight: 3, fillColor: "#ff7a45", fillOpacity: 0.95 }).addTo(map);
  marker.setLatLng(place);
  byId("spot").textContent = `${place.lng.toFixed(5)}, ${place.lat.toFixed(5)}`;
}

map.on("click", ({ latlng }) => choose(latlng));
byId("here").addEventListener("click", () => {
  const failed = () => { byId("spot").textContent = words.noPosition; };
  if (!navigator.geolocation) return failed();
  return navigator.geolocation.getCurrentPosition(({ coords }) => {
    const place = L.latLng(coords.latitude, coords.longitude);
    if (!L.latLngBounds([[south, west], [north, east]]).pad(0.2).contains(place)) {
      byId("spot").textContent = words.outside;
      return;
    }
    choose(place);
    map.setView(place, CLOSE_ZOOM, { animate: false });
  }, failed, { enableHighAccuracy: true, timeout: 10_000 });
});

const headers = { "Content-Type": "application/json", "X-CSRF-Token": words.csrf };
const post = async (place, body) => {
  const answer = await fetch(place, { method: "POST", headers, body: JSON.stringify(body) }).catch(() => null);
  if (!answer) throw new Error(words.lost);
  const told = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Error(told.detail ?? `HTTP ${answer.status}`);
  return told;
};

/** Show what looks like a number of a person; true if there is any that was not shown before. */
async function warned(texts) {
  const { warnings } = await post("/api/screenings", { texts });
  const list = byId("warnings");
  list.replaceChildren(...warnings.map(({ field, sentence, start, end }) => {
    const name = form.querySelector(`label[for=${field}]`).textContent;
    const where = texts[field].slice(0, start).slice(-8) + "•".repeat(end - start) + texts[field].slice(end, end + 8);
    return element("li", {}, [`${name}: ${sentence} “${where}”`]);
  }));
  list.hidden = warnings.length === 0;
  return warnings.length > 0;
}

form.addEventListener("input", () => {
  // Another text is another report, and a new question.
  report = { id: newId() };
  isWarned = false;
  byId("warnings").hidden = true;
});

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const outcome = byId("outcome");
  const send = byId("send");
  outcome.className = "";
  if (!marker) {
    outcome.textContent = words.noPlace;
    outcome.className = "bad";
    byId("report-map").scrollIntoView({ block: "nearest" });
    return;
  }
  const { title, category, severity, discovered_by: found, place_name: place, description } = form.elements;
  send.disabled = true;
  outcome.textContent = words.sending;
  try {
    const texts = { title: title.value, place_name: place.value, description: description.value };
    if (!isWarned && (await warned(texts))) {
      isWarned = true;
      send.textContent = send.dataset.anyway;
      outcome.textContent = "";
      return;
    }
    const { lat, lng } = marker.getLatLng();
    // What is sent again has to be the very same: the moment is that of the first try.
    report = { discovered_at: new Date().toISOString(), ...report };
    const stored = await post("/api/hazards", {
      ...report, category: category.value, severity: severity.value, discovered_by: found.value,
      ...texts, location: { lon: lng, lat, datum: "wgs84" },
    });
    const lost = words.pictureFailed;
    const options = { kind: "before", csrf: words.csrf, lost };
    let failed = false;
    for (const file of form.elements.pictures.files) {
      await sendPicture(file, `/api/hazards/${stored.id}/pictures`, options).catch(() => { failed = true; });
    }
    if (failed) window.alert(lost);
    location.assign(`/cases/${stored.id}`);
  } catch (error) {
    outcome.textContent = error.message;
    outcome.className = "bad";
  } finally {
    send.disabled = false;
  }
});
form.elements.title.focus({ preventScroll: true });
window.jingwei = { report: { map, choose } };
