// The nearest teams and facilities by street travel time, and how far one comes from a place.

import { config, layersById, words } from "./config.js";
import { entry } from "./area_tool.js";
import { buttonRow, element } from "./elements.js";
import { fetchJson } from "./requests.js";
import { metresOf, minutesOf, nameOf } from "./travel_words.js";

const { L } = window;
const MINUTES = [5, 10, 15];
// From dark to light: apart in lightness, so apart for every eye.
const RINGS = { 5: "#f0f3a1", 10: "#5cb9a3", 15: "#33658f" };
const MODES = { foot: () => words("mode_foot"), ebike: () => words("mode_ebike"), car: () => words("mode_car") };

export const nearestTool = { id: "nearest", icon: "reach", key: "n", right: "view_aggregates", title: () => words("tool_nearest"), open };

/** Return the mode of travel in words. */
export const modeOf = (mode) => MODES[mode]?.() ?? mode;

function open(body, { map, drawing, showPlace }, asked) {
  const group = L.layerGroup().addTo(map);
  const note = element("p", { className: "tool-note", attributes: { role: "status" } });
  const answer = element("div", { className: "tool-answer" });
  const mode = select("nearest-mode", words("travel_by"), [["", words("mode_own")], ...Object.keys(MODES).map((each) => [each, modeOf(each)])]);
  const ring = element("input", { type: "checkbox", id: "nearest-ring", checked: true });
  let place = asked ?? null;
  let running = null;

  function choose() {
    note.textContent = words("nearest_hint");
    drawing.begin("point", {
      onDone: ({ places }) => {
        [place] = places;
        refresh();
      },
    });
  }

  async function refresh() {
    if (!place) return;
    running?.abort();
    running = new AbortController();
    const { signal } = running;
    const spot = `lon=${place.lng.toFixed(6)}&lat=${place.lat.toFixed(6)}`;
    const by = mode.input.value;
    note.textContent = words("loading");
    try {
      const [found, rings] = await Promise.all([
        fetchJson(`/api/nearest?${spot}${by ? `&mode=${by}` : ""}`, signal),
        ring.checked ? fetchJson(`/api/isochrones?${spot}&mode=${by || "car"}&minutes=${MINUTES}`, signal) : null,
      ]);
      draw(found, rings);
      note.textContent = found.teams.length ? words("nearest_of") : words("nobody_near");
      answer.replaceChildren(...lists(found, rings, by, showPlace));
    } catch (error) {
      if (!signal.aborted) note.textContent = error.message;
    }
  }

  function draw(found, rings) {
    group.clearLayers();
    const { renderer } = drawing;
    for (const { geometry, properties } of rings?.features ?? []) {
      const color = RINGS[properties.minutes];
      L.geoJSON(geometry, { style: { color, weight: 1.5, fillColor: color, fillOpacity: 0.2 }, renderer, interactive: false }).addTo(group);
    }
    for (const team of found.teams.slice(0, 5)) L.circleMarker([team.lat, team.lon], { radius: 6, color: "#0b1219", weight: 2, fillColor: "#7fd3c0", fillOpacity: 1, renderer, interactive: false }).addTo(group);
    L.circleMarker(place, { radius: 7, color: "#ffffff", weight: 3, fillColor: "#58c4dc", fillOpacity: 1, renderer, interactive: false }).addTo(group);
  }

  mode.input.addEventListener("change", refresh);
  ring.addEventListener("change", refresh);
  body.replaceChildren(
    buttonRow([[words("choose_place"), choose, "primary"], [words("clear"), () => {
      place = null;
      group.clearLayers();
      answer.replaceChildren();
      choose();
    }]]),
    mode.row,
    element("label", { className: "check-line" }, [ring, words("show_reach")]),
    note, answer,
  );
  if (place) refresh();
  else choose();
  return () => {
    running?.abort();
    group.remove();
  };
}

function lists({ teams, facilities }, rings, by, showPlace) {
  const kinds = layersById.get("facilities")?.fields.find(({ name }) => name === "kind")?.values ?? {};
  const team = (row) => entry(nameOf(row, config.locale), teamDetail(row), () => showPlace(null, row));
  const facility = (row) => entry(nameOf(row, config.locale), `${minutesOf(row.seconds)} · ${kinds[row.kind] ?? row.kind}`, () => showPlace(null, row));
  const made = [
    element("section", { className: "tool-section" }, [element("h3", { textContent: words("inside_teams") }), element("ul", { className: "places" }, teams.map(team))]),
    element("section", { className: "tool-section" }, [element("h3", { textContent: words("inside_facilities") }), element("ul", { className: "places" }, facilities.map(facility))]),
  ];
  if (rings) {
    const legend = rings.features.toReversed().map(({ properties }) => {
      const swatch = element("span", { className: "swatch swatch-polygon", attributes: { "aria-hidden": "true" } });
      swatch.style.background = RINGS[properties.minutes];
      return element("li", {}, [swatch, `${words("minutes_count", { count: properties.minutes })} · ${properties.area_km2} km²`]);
    });
    made.unshift(element("section", { className: "tool-section" }, [
      element("h3", { textContent: `${words("reach_title")} · ${modeOf(by || "car")}` }),
      element("ul", { className: "legend" }, legend),
      element("p", { className: "tool-note", textContent: words("reach_note", { distance: metresOf(rings.beside_m) }) }),
    ]));
  }
  return made;
}

/** Return what is told of a team beside its name. */
export function teamDetail(row) {
  return [minutesOf(row.seconds), modeOf(row.mode), row.from === "position" ? words("from_position") : words("from_station")].join(" · ");
}

/** Return a labelled choice. */
export function select(id, title, options) {
  const input = element("select", { id }, options.map(([value, name]) => element("option", { value, textContent: name })));
  return { input, row: element("div", { className: "field-line" }, [element("label", { htmlFor: id, textContent: title }), input]) };
}
