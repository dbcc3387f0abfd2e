// The shift: marks put on the map, and lines of the log that keep what the map showed when they were written.

import { config, formatMoment, words } from "./config.js";
import { buttonRow, element } from "./elements.js";
import { fetchJson } from "./requests.js";
import { answered } from "./sending.js";

const { L } = window;
const MARK = { color: "#ffd166", weight: 3, fillColor: "#ffd166", fillOpacity: 0.15 };
const NEWEST = 6;

export const shiftTool = { id: "shift", icon: "note", key: "s", right: "keep_shift_log", title: () => words("tool_shift"), open };

function open(body, { map, drawing, viewState, applyView, say }) {
  const group = L.layerGroup().addTo(map);
  const text = element("textarea", { id: "shift-text", rows: 3, maxLength: 4000 });
  const label = element("input", { type: "text", id: "mark-words", maxLength: 200, autocomplete: "off" });
  const note = element("p", { className: "tool-note", attributes: { role: "status" } });
  const lines = element("ol", { className: "shift-newest" });
  const marksList = element("ul", { className: "places" });
  const send = (address, body, method) => answered(`/api/shifts/${address}`, { csrf: config.member.csrf, method, body });
  const own = [];
  let waiting = null;

  const failed = (error) => (note.textContent = error.message);

  async function refresh() {
    try {
      const log = await fetchJson("/api/shifts/log");
      showMarks(log.marks);
      lines.replaceChildren(...log.entries.slice(-NEWEST).reverse().map(lineOf));
      if (!log.entries.length) lines.replaceChildren(element("li", { className: "tool-note", textContent: words("shift_empty") }));
    } catch (error) {
      failed(error);
    }
  }

  function lineOf({ at, kind, account, words: said, view }) {
    const kinds = { note: words("entry_note"), handover: words("entry_handover"), takeover: words("entry_takeover") };
    const made = element("li", {}, [element("p", { className: "tool-note", textContent: `${formatMoment(at)} · ${kinds[kind]} · ${account}` }), element("p", { textContent: said })]);
    if (view) made.append(buttonRow([[words("show_view"), () => applyView(view)]]));
    return made;
  }

  function showMarks(marks) {
    group.clearLayers();
    for (const mark of marks) {
      const shape = L.geoJSON(mark, { style: MARK, renderer: drawing.renderer, interactive: false, pointToLayer: (_, place) => L.circleMarker(place, { ...MARK, radius: 7, fillOpacity: 0.9, renderer: drawing.renderer, interactive: false }) }).addTo(group);
      if (mark.properties.words) L.tooltip({ permanent: true, direction: "top", className: "measured-label", opacity: 1 }).setLatLng(shape.getBounds().getCenter()).setContent(element("span", { textContent: mark.properties.words })).addTo(group);
    }
    marksList.replaceChildren(...marks.map((mark) => {
      const go = element("button", { type: "button", className: "place" }, [element("span", { className: "place-name", textContent: mark.properties.words || words("mark_plain") }), element("span", { className: "place-detail", textContent: `${formatMoment(mark.properties.at)} · ${mark.properties.account}` })]);
      go.addEventListener("click", () => map.panTo(L.geoJSON(mark).getBounds().getCenter()));
      const items = [go];
      if (mark.properties.account === config.member.login) {
        const bin = element("button", { type: "button", className: "tool small", textContent: "×", attributes: { "aria-label": words("mark_remove") } });
        bin.addEventListener("click", () => remove(mark.id));
        items.push(bin);
      }
      return element("li", { className: "place-line" }, items);
    }));
  }

  const remove = (id) => send(`marks/${id}`, null, "DELETE").then(refresh, failed);

  function begin(kind) {
    note.textContent = kind === "point" ? words("mark_point_hint") : words("polygon_hint");
    drawing.begin(kind, {
      onDone: async ({ places }) => {
        const ring = places.map(({ lat, lng }) => [Number(lng.toFixed(6)), Number(lat.toFixed(6))]);
        const geometry = { point: { type: "Point", coordinates: ring[0] }, line: { type: "LineString", coordinates: ring }, polygon: { type: "Polygon", coordinates: [[...ring, ring[0]]] } }[kind];
        try {
          const stored = await send("marks", { id: crypto.randomUUID(), geometry, words: label.value.trim() }, "POST");
          own.push(stored.id);
          label.value = "";
          note.textContent = stored.warnings?.[0]?.sentence ?? "";
          await refresh();
        } catch (error) {
          failed(error);
        }
      },
      onCancel: () => (note.textContent = ""),
    });
  }

  async function write(kind) {
    const content = { kind, words: text.value.trim(), view: viewState.sharedHash };
    // The same line sent again after a failure keeps its identifier, so it is stored once.
    const same = waiting && ["kind", "words", "view"].every((name) => waiting[name] === content[name]);
    if (!same) waiting = { id: crypto.randomUUID(), ...content };
    try {
      const stored = await send("entries", waiting, "POST");
      waiting = null;
      text.value = "";
      note.textContent = stored.warnings?.[0]?.sentence ?? "";
      say(words("shift_stored"));
      await refresh();
    } catch (error) {
      failed(error);
    }
  }

  function stepBack() {
    if (drawing.undo()) return;
    if (own.length) remove(own.pop());
  }
  const undoKey = (event) => {
    if (!(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== "z" || event.target.closest("input, textarea")) return;
    event.preventDefault();
    stepBack();
  };
  document.addEventListener("keydown", undoKey);
  body.replaceChildren(
    element("h3", { textContent: words("marks_title") }),
    element("div", { className: "field-line" }, [element("label", { htmlFor: "mark-words", textContent: words("mark_words") }), label]),
    buttonRow([[words("mark_point"), () => begin("point"), "primary"], [words("mark_line"), () => begin("line"), "primary"], [words("mark_area"), () => begin("polygon"), "primary"], [words("undo"), stepBack]]),
    note, marksList,
    element("h3", { textContent: words("log_title") }),
    element("label", { htmlFor: "shift-text", className: "tool-note", textContent: words("shift_words") }), text,
    buttonRow([[words("shift_note"), () => write("note"), "primary"], [words("shift_handover"), () => write("handover")], [words("shift_takeover"), () => write("takeover")]]),
    element("p", { className: "tool-note", textContent: words("shift_view_hint") }),
    lines,
    element("a", { className: "go-there", href: "/shift", textContent: words("shift_page") }),
  );
  refresh();
  return () => {
    document.removeEventListener("keydown", undoKey);
    group.remove();
  };
}
