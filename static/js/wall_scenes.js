// The scenes of a wall, one after the other, each for its dwell; those saved for the area, or some that every city has.

import { config, layersById, words } from "./config.js";
import { byId, element } from "./elements.js";

const DWELL_S = 40;
const DAY_MS = 86400000;
const BASE = config.layers.filter((layer) => layer.group === "basemap").map((layer) => layer.id);

/** Return what a scene shows, in the words of the renderers. */
export function stateOf({ view }) {
  const layers = view.layers?.filter((id) => layersById.has(id));
  const usual = config.layers.filter((layer) => layer.visible).map((layer) => layer.id);
  return {
    layers: new Set([...BASE, ...(layers?.length ? layers : usual)]),
    opacity: new Map(Object.entries(view.opacity ?? {})),
    night: config.nights.includes(view.night) ? view.night : config.night,
    ...windowOf(view),
  };
}

function windowOf({ days, first_day: first, last_day: last }) {
  if (first && last) return { from: first, to: last };
  if (!days) return { from: config.window.from, to: config.window.to };
  const from = new Date(Date.parse(config.window.to) - (days - 1) * DAY_MS);
  return { from: from.toISOString().slice(0, 10), to: config.window.to };
}

/** Scenes of a city that saved none: the whole of it, then what patrols and analyses know. */
function usualScenes() {
  const made = (id, name, layers) => ({ id, name, dwell_s: DWELL_S, view: { layers, bounds: config.city.bounds } });
  const has = (...ids) => ids.filter((id) => layersById.has(id));
  return [
    made("all", words("wall_scene_all"), has("townships", "hazards", "place_names")),
    made("night", words("wall_scene_night"), has("coverage", "patrol_tracks", "townships", "place_names")),
    made("hotspots", words("wall_scene_hotspots"), has("hotspots_grid", "townships", "hazards", "place_names")),
  ].filter((scene) => scene.view.layers.length > 2);
}

/** Takes turns; `show(scene)` is called at each. */
export class Carousel {
  #scenes = [];
  #index = 0;
  #timer = 0;
  #show;
  paused = false;

  constructor(show) {
    this.#show = show;
  }

  /** Take the scenes as the server has them; the one on show stays if it is still there. */
  replace(saved) {
    const before = this.current?.id;
    this.#scenes = saved.length ? saved : usualScenes();
    this.#index = Math.max(this.#scenes.findIndex((scene) => scene.id === before), 0);
    if (this.current.id !== before) this.go(this.#index);
    else this.#draw();
  }

  get current() {
    return this.#scenes[this.#index];
  }

  get index() {
    return this.#index;
  }

  get count() {
    return this.#scenes.length;
  }

  go(index) {
    this.#index = (index + this.#scenes.length) % this.#scenes.length;
    this.#show(this.current);
    this.#wait();
  }

  step(by) {
    this.go(this.#index + by);
  }

  /** Show a scene that may not be among those that take turns. */
  goTo(id) {
    const index = this.#scenes.findIndex((scene) => scene.id === id);
    if (index >= 0) this.go(index);
  }

  pause(paused) {
    this.paused = paused;
    this.#wait();
  }

  #wait() {
    clearTimeout(this.#timer);
    if (!this.paused && this.#scenes.length > 1) this.#timer = setTimeout(() => this.step(1), this.current.dwell_s * 1000);
    this.#draw();
  }

  #draw() {
    byId("scene-name").textContent = this.current.name;
    byId("scene-turns").dataset.paused = this.paused;
    byId("scene-turns").replaceChildren(...this.#scenes.map((scene, n) => {
      const turn = element("span", { className: n === this.#index ? "turn turn-now" : "turn" });
      turn.style.setProperty("--dwell", `${scene.dwell_s}s`);
      return turn;
    }));
  }
}
