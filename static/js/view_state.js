// What the reader has chosen: layers, time window, night, opacities, view. It lives in the address, to be shared.

import { config, layersById } from "./config.js";

const DAY = /^\d{4}-\d{2}-\d{2}$/;

function defaults() {
  return {
    layers: new Set(config.layers.filter((layer) => layer.visible).map((layer) => layer.id)),
    from: config.window.from,
    to: config.window.to,
    night: config.night,
    opacity: new Map(),
    hidden: new Map(),
    order: [],
    base: "",
    view: null,
  };
}

/** Read a state from an address's hash; what is missing or malformed keeps its default. */
export function readHash(hash) {
  const given = new URLSearchParams(hash.replace(/^#/, ""));
  const state = defaults();
  if (given.has("layers")) state.layers = new Set(given.get("layers").split(",").filter((id) => layersById.has(id)));
  const [from, to, night] = ["from", "to", "night"].map((name) => given.get(name));
  if (DAY.test(from ?? "") && DAY.test(to ?? "") && from <= to) Object.assign(state, { from, to });
  if (config.nights.includes(night)) state.night = night;
  for (const part of (given.get("opacity") ?? "").split(",")) {
    const [id, percent] = part.split(":");
    const share = Number(percent) / 100;
    if (layersById.has(id) && share >= 0 && share <= 1) state.opacity.set(id, share);
  }
  for (const part of (given.get("hide") ?? "").split(",")) {
    const [id, classes] = part.split(":");
    if (layersById.has(id) && classes) state.hidden.set(id, new Set(classes.split("~")));
  }
  state.order = (given.get("order") ?? "").split(",").filter((id) => layersById.has(id));
  state.base = (config.basemaps ?? []).some(({ id }) => id === given.get("base")) ? given.get("base") : "";
  const view = (given.get("map") ?? "").split("/").map(Number);
  if (view.length === 3 && view.every(Number.isFinite) && Math.abs(view[1]) < 85 && Math.abs(view[2]) <= 180) {
    state.view = { zoom: view[0], lat: view[1], lon: view[2] };
  }
  return state;
}

/**
 * Write a state as a hash, readable by people too. What stands at its default is left out, so that a screen loaded
 * anew tomorrow shows tomorrow's window; `complete` writes it all, for a link that must show the same to someone else.
 */
export function writeHash(state, { complete = false } = {}) {
  const usual = defaults();
  const parts = [];
  if (state.view) parts.push(`map=${state.view.zoom}/${state.view.lat.toFixed(5)}/${state.view.lon.toFixed(5)}`);
  const sameLayers = state.layers.size === usual.layers.size && [...state.layers].every((id) => usual.layers.has(id));
  if (complete || !sameLayers) parts.push(`layers=${[...state.layers].join(",")}`);
  if (complete || state.from !== usual.from || state.to !== usual.to) parts.push(`from=${state.from}`, `to=${state.to}`);
  if (state.night && (complete || state.night !== usual.night)) parts.push(`night=${state.night}`);
  const opacities = [...state.opacity].filter(([, share]) => share < 1);
  if (opacities.length) parts.push(`opacity=${opacities.map(([id, share]) => `${id}:${Math.round(share * 100)}`)}`);
  const hidden = [...state.hidden].filter(([, classes]) => classes.size);
  if (hidden.length) parts.push(`hide=${hidden.map(([id, classes]) => `${id}:${[...classes].join("~")}`)}`);
  if (state.order.length) parts.push(`order=${state.order}`);
  if (state.base) parts.push(`base=${state.base}`);
  return `#${parts.join("&")}`;
}

/** Holds the state, tells listeners of changes and keeps the address in step. */
export class ViewState {
  #listeners = [];

  constructor() {
    this.current = readHash(location.hash);
    addEventListener("popstate", () => {
      this.current = readHash(location.hash);
      this.#tell({ fromAddress: true });
    });
  }

  /** Call a function on each change; returns what ends that. */
  onChange(listener) {
    this.#listeners.push(listener);
    return () => (this.#listeners = this.#listeners.filter((each) => each !== listener));
  }

  /** Choose something new; it becomes a step one can go back from. */
  choose(change) {
    this.current = { ...this.current, ...change };
    history.pushState(null, "", writeHash(this.current));
    this.#tell({ fromAddress: false });
  }

  /** Note something that follows the hand (a moved map, a slider): no step of its own. */
  note(change, { tell = true } = {}) {
    this.current = { ...this.current, ...change };
    history.replaceState(null, "", writeHash(this.current));
    if (tell) this.#tell({ fromAddress: false });
  }

  /** Return an address that shows the same to someone else. */
  get sharedAddress() {
    return location.href.split("#")[0] + writeHash(this.current, { complete: true });
  }

  /** Return the part of that address behind the hash. */
  get sharedHash() {
    return writeHash(this.current, { complete: true }).slice(1);
  }

  /** Take over a state as it stands in an address. */
  take(hash) {
    this.choose(readHash(hash));
  }

  opacityOf(id) {
    return this.current.opacity.get(id) ?? 1;
  }

  #tell(cause) {
    for (const listener of this.#listeners) listener(this.current, cause);
  }
}

/** Return the ids of all layers in drawing order: those the reader put in order take one another's places. */
export function drawingOrder({ order }) {
  const chosen = new Set(order);
  const queue = [...order];
  return config.layers.map(({ id }) => (chosen.has(id) ? queue.shift() : id));
}

/** Return the ids of the layers that are drawn: under another basemap our own one is left out, its names stay. */
export function layersDrawn({ layers, base }) {
  if (!base) return layers;
  return new Set([...layers].filter((id) => {
    const layer = layersById.get(id);
    return layer.group !== "basemap" || layer.paint.kind === "label";
  }));
}

/** Return the name of a class of a paint in a state's `hidden`. */
export const classOf = (stop) => String(stop.value ?? stop.min);

/** Return the address of a layer's tiles for a state, absolute, {z}/{x}/{y} left open. */
export function tileAddress(layer, state) {
  return location.origin + layer.tiles + questionOf(layer.params, state);
}

/** Return the query string of a layer's or figure's parameters. */
export function questionOf(names, state) {
  const question = new URLSearchParams();
  for (const name of names) if (state[name]) question.set(name, state[name]);
  question.set("v", config.dataVersion);
  return `?${question}`;
}
