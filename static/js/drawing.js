// Drawing on the map by pointer, finger or keys: a point, a line, an area, a circle. One at a time, undone step by step.

import { distanceM } from "./geodesy.js";

const { L } = window;
const LEAST = { point: 1, line: 2, polygon: 3, circle: 2 };
const MOST = { point: 1, line: 400, polygon: 150, circle: 2 };
export const INK = { color: "#58c4dc", weight: 2.5, fillColor: "#58c4dc", fillOpacity: 0.12 };

/** Return `{ begin(kind, acts), undo(), finish(), cancel(), isActive() }`; acts are onChange(shape), onDone(shape), onCancel(). */
export function startDrawing(map) {
  map.createPane("drawings").style.zIndex = 450;
  const renderer = L.canvas({ pane: "drawings", padding: 0.2 });
  const sketch = L.layerGroup().addTo(map);
  let work = null;
  let isEnding = false;

  const shapeOf = () => (work.kind === "circle"
    ? { kind: "circle", center: work.places[0], radiusM: work.places[1] ? distanceM(work.places[0], work.places[1]) : 0 }
    : { kind: work.kind, places: [...work.places] });

  function redraw(hovered = null) {
    sketch.clearLayers();
    const places = hovered && work.places.length && work.places.length < MOST[work.kind] ? [...work.places, hovered] : work.places;
    if (work.kind === "circle" && places[1]) L.circle(places[0], { ...INK, radius: distanceM(places[0], places[1]), renderer, interactive: false }).addTo(sketch);
    else if (work.kind === "polygon" && places.length > 2) L.polygon(places, { ...INK, dashArray: "6 4", renderer, interactive: false }).addTo(sketch);
    else if (places.length > 1) L.polyline(places, { ...INK, dashArray: "6 4", renderer, interactive: false }).addTo(sketch);
    for (const place of work.places) L.circleMarker(place, { radius: 4.5, color: "#0b1219", weight: 1.5, fillColor: INK.color, fillOpacity: 1, renderer, interactive: false }).addTo(sketch);
    const preview = work.kind === "circle" && places[1] ? { ...shapeOf(), radiusM: distanceM(places[0], places[1]) } : { ...shapeOf(), places };
    work.onChange?.(preview);
  }

  function add(place) {
    const last = work.places.at(-1);
    if (last && last.lat === place.lat && last.lng === place.lng) return;
    work.places.push(place);
    redraw();
    if (work.places.length === MOST[work.kind]) finish();
  }

  function end() {
    const ended = work;
    work = null;
    // The click that ends a drawing is not one on what lies below it.
    isEnding = true;
    setTimeout(() => (isEnding = false), 0);
    sketch.clearLayers();
    map.doubleClickZoom.enable();
    map.getContainer().classList.remove("is-drawing");
    return ended;
  }

  function finish() {
    if (!work || work.places.length < LEAST[work.kind]) return;
    const shape = shapeOf();
    end().onDone(shape);
  }

  function cancel() {
    if (work) end().onCancel?.();
  }

  function undo() {
    if (!work?.places.length) return false;
    work.places.pop();
    redraw();
    return true;
  }

  map.on("click", ({ latlng }) => work && add(latlng));
  map.on("mousemove", ({ latlng }) => work && redraw(latlng));
  map.on("dblclick", () => work && finish());
  const keys = {
    " ": () => add(map.getCenter()),
    Enter: finish,
    Backspace: undo,
    Escape: cancel,
  };
  // Before the page's own keys: while something is drawn, Escape ends the drawing and nothing else.
  document.addEventListener("keydown", (event) => {
    if (!work || event.ctrlKey || event.metaKey || event.target.closest("input, textarea, select, dialog[open]")) return;
    if ((event.key === " " || event.key === "Enter") && event.target.closest("button, a")) return;
    if (!keys[event.key]) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    keys[event.key]();
  }, true);

  return {
    renderer,
    begin(kind, acts) {
      cancel();
      work = { kind, places: [], ...acts };
      map.doubleClickZoom.disable();
      map.getContainer().classList.add("is-drawing");
      map.getContainer().focus({ preventScroll: true });
    },
    undo,
    finish,
    cancel,
    isActive: () => work !== null || isEnding,
  };
}
