// Draw to query: what lies inside a polygon or a circle, counted and listed by the server under the caller's scope.

import { config, formatNumber, layersById, words } from "./config.js";
import { INK } from "./drawing.js";
import { buttonRow, element } from "./elements.js";
import { fetchJson } from "./requests.js";
import { metresOf, nameOf, squareOf } from "./travel_words.js";

const { L } = window;
const SHOWN = 12;

export const areaTool = { id: "area", icon: "lasso", key: "d", title: () => words("tool_area"), open };

function open(body, { map, drawing, viewState, showPlace }) {
  const drawn = [];
  const group = L.layerGroup().addTo(map);
  const note = element("p", { className: "tool-note", textContent: words("area_hint"), attributes: { role: "status" } });
  const answer = element("div", { className: "tool-answer" });
  const [polygon, circle, undo, clear] = [words("draw_polygon"), words("draw_circle"), words("undo"), words("clear")];
  let asked = 0;

  function begin(kind) {
    note.textContent = kind === "circle" ? words("circle_hint") : words("polygon_hint");
    drawing.begin(kind, {
      onChange: (shape) => {
        if (shape.kind === "circle" && shape.radiusM) note.textContent = words("radius_is", { radius: metresOf(shape.radiusM) });
      },
      onDone: (shape) => {
        drawn.push(shape);
        refresh();
      },
      onCancel: () => (note.textContent = words("area_hint")),
    });
  }

  function layerOf(shape) {
    const style = { ...INK, renderer: drawing.renderer, interactive: false };
    return shape.kind === "circle" ? L.circle(shape.center, { ...style, radius: shape.radiusM }) : L.polygon(shape.places, style);
  }

  async function refresh() {
    group.clearLayers();
    answer.replaceChildren();
    const shape = drawn.at(-1);
    note.textContent = shape ? words("loading") : words("area_hint");
    if (!shape) return;
    layerOf(shape).addTo(group);
    asked += 1;
    const mine = asked;
    try {
      const found = await fetchJson(`/api/inside?${questionOf(shape, viewState.current)}`);
      if (mine !== asked) return;
      note.textContent = words("area_of", { area: squareOf(found.area_km2 * 1e6) });
      answer.replaceChildren(...sections(found, showPlace));
    } catch (error) {
      if (mine === asked) note.textContent = error.message;
    }
  }

  function stepBack() {
    if (drawing.undo() || !drawn.pop()) return;
    refresh();
  }

  body.replaceChildren(buttonRow([
    [polygon, () => begin("polygon"), "primary"], [circle, () => begin("circle"), "primary"], [undo, stepBack],
    [clear, () => {
      drawn.length = 0;
      drawing.cancel();
      refresh();
    }],
  ]), note, answer);
  const stopFollowing = viewState.onChange(() => drawn.length && refresh());
  const undoKey = (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "z" && !event.target.closest("input, textarea")) {
      event.preventDefault();
      stepBack();
    }
  };
  document.addEventListener("keydown", undoKey);
  begin("polygon");
  return () => {
    asked += 1;
    stopFollowing();
    document.removeEventListener("keydown", undoKey);
    group.remove();
  };
}

/** Return the query string of a shape and the window of days shown. */
export function questionOf(shape, { from, to }) {
  const place = ({ lat, lng }) => `${lng.toFixed(5)},${lat.toFixed(5)}`;
  const question = new URLSearchParams({ from, to });
  if (shape.kind === "circle") question.set("circle", `${place(shape.center)},${Math.max(1, Math.round(shape.radiusM))}`);
  else question.set("polygon", shape.places.map(place).join(";"));
  return question.toString();
}

function sections(found, showPlace) {
  const state = layersById.get("hazards")?.fields.find(({ name }) => name === "state")?.values ?? {};
  const kinds = layersById.get("facilities")?.fields.find(({ name }) => name === "kind")?.values ?? {};
  const parts = (counts, names) => Object.entries(counts).map(([key, count]) => `${names[key] ?? key} ${formatNumber(count)}`).join(" · ");
  const hazard = (row) => entry(row.title, [state[row.state], row.number].filter(Boolean).join(" · "), () => showPlace({ layer: "hazards", id: row.id }, row));
  const plain = (row) => entry(nameOf(row, config.locale), row.code ?? kinds[row.kind] ?? row.kind, () => showPlace(null, row));
  return [
    section(words("inside_hazards"), found.hazards, parts(found.hazards.by_state, state), hazard),
    section(words("inside_teams"), found.teams, "", plain),
    section(words("inside_facilities"), found.facilities, parts(found.facilities.by_kind, kinds), plain),
    section(words("inside_grids"), found.grids, "", plain),
  ];
}

function section(title, { count, list }, detail, entryOf) {
  const items = list.map(entryOf);
  for (const item of items.slice(SHOWN)) item.hidden = true;
  const children = [
    element("h3", {}, [title, element("span", { className: "count", textContent: formatNumber(count) })]),
    ...(detail ? [element("p", { className: "tool-note", textContent: detail })] : []),
    element("ul", { className: "places" }, items),
  ];
  if (items.length > SHOWN) {
    const more = buttonRow([[words("show_more", { count: formatNumber(items.length - SHOWN) }), () => {
      for (const item of items) item.hidden = false;
      more.remove();
    }]]);
    children.push(more);
  }
  return element("section", { className: "tool-section" }, children);
}

/** Return an entry of a list of places, which is a button. */
export function entry(title, detail, act) {
  const button = element("button", { type: "button", className: "place" }, [
    element("span", { className: "place-name", textContent: title }), element("span", { className: "place-detail", textContent: detail }),
  ]);
  button.addEventListener("click", act);
  return element("li", {}, [button]);
}
