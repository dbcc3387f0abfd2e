// Saved views: what the map shows under a name, for the whole desk; and a link that shows the same to someone else.

import { config, words } from "./config.js";
import { buttonRow, element } from "./elements.js";
import { fetchJson } from "./requests.js";
import { answered } from "./sending.js";

const ADDRESS = "/api/scenes";

export const viewsTool = { id: "views", icon: "bookmark", key: "v", title: () => words("tool_views"), open };

/** Return a state of the map as a scene keeps it. */
export function sceneOf(state) {
  const view = { layers: [...state.layers], opacity: Object.fromEntries(state.opacity), first_day: state.from, last_day: state.to };
  if (state.view) view.center = { lon: state.view.lon, lat: state.view.lat, zoom: state.view.zoom };
  if (state.night) view.night = state.night;
  if (state.base) view.options = { base: state.base };
  return view;
}

/** Return what a scene changes of a state; layers the reader lacks are left out. */
export function stateOf(view, known) {
  const state = { opacity: new Map(Object.entries(view.opacity ?? {})), base: view.options?.base ?? "" };
  if (view.layers?.length) state.layers = new Set(view.layers.filter((id) => known.has(id)));
  if (view.first_day && view.last_day) Object.assign(state, { from: view.first_day, to: view.last_day });
  if (view.night) state.night = view.night;
  if (view.center) state.view = { zoom: view.center.zoom, lat: view.center.lat, lon: view.center.lon };
  return state;
}

function open(body, { viewState, map, copyLink, say }) {
  const known = new Set(config.layers.map(({ id }) => id));
  const maySave = config.rights.includes("save_scenes");
  const name = element("input", { type: "text", id: "view-name", maxLength: 60, autocomplete: "off" });
  const note = element("p", { className: "tool-note", attributes: { role: "status" } });
  const list = element("ul", { className: "places" });
  const send = (address, body, method) => answered(address, { csrf: config.member.csrf, method, body });

  function show(view) {
    const state = stateOf(view, known);
    viewState.choose(state);
    if (state.view) map.setView([state.view.lat, state.view.lon], state.view.zoom);
    else if (view.bounds) map.fitBounds([[view.bounds[1], view.bounds[0]], [view.bounds[3], view.bounds[2]]]);
  }

  async function remove(scene) {
    await send(`${ADDRESS}/${scene.id}`, null, "DELETE");
    note.replaceChildren(words("view_removed", { name: scene.name }), " ", buttonRow([[words("undo"), async () => {
      await send(ADDRESS, { name: scene.name, view: scene.view, dwell_s: scene.dwell_s, on_wall: scene.on_wall }, "POST");
      refresh();
    }]]));
    await refresh({ keepNote: true });
  }

  async function refresh({ keepNote = false } = {}) {
    try {
      const { scenes } = await fetchJson(ADDRESS);
      if (!keepNote) note.textContent = scenes.length ? "" : words("views_none");
      list.replaceChildren(...scenes.map((scene) => {
        const button = element("button", { type: "button", className: "place" }, [
          element("span", { className: "place-name", textContent: scene.name }),
          element("span", { className: "place-detail", textContent: [scene.area, scene.view.first_day && `${scene.view.first_day} – ${scene.view.last_day}`].filter(Boolean).join(" · ") }),
        ]);
        button.addEventListener("click", () => show(scene.view));
        const items = [button];
        if (maySave) {
          const bin = element("button", { type: "button", className: "tool small", title: words("remove"), textContent: "×", attributes: { "aria-label": words("view_remove", { name: scene.name }) } });
          bin.addEventListener("click", () => remove(scene).catch((error) => (note.textContent = error.message)));
          items.push(bin);
        }
        return element("li", { className: "place-line" }, items);
      }));
    } catch (error) {
      note.textContent = error.message;
    }
  }

  async function save() {
    if (!name.value.trim()) return name.focus();
    try {
      await send(ADDRESS, { name: name.value.trim(), view: sceneOf(viewState.current) }, "POST");
      say(words("view_saved", { name: name.value.trim() }));
      name.value = "";
      return await refresh();
    } catch (error) {
      note.textContent = error.message;
      return undefined;
    }
  }

  const form = element("form", { className: "field-line" }, [element("label", { htmlFor: "view-name", textContent: words("view_name") }), name, element("button", { className: "plain primary", textContent: words("view_save") })]);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    save();
  });
  body.replaceChildren(...(maySave ? [form] : []), buttonRow([[words("copy_link"), copyLink]]), note, list);
  refresh();
}
