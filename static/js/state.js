// What the reader sees, kept in the address after #: view, layers, window, night, opacities. Back and forward work.

const DAY = /^\d{4}-\d{2}-\d{2}$/;

export function startState(config) {
  return {
    view: null,
    layers: new Set(config.layers.filter((layer) => layer.visible).map((layer) => layer.id)),
    from: config.window.from,
    to: config.window.to,
    night: config.night,
    opacity: {},
  };
}

/** Read the address into a state; what is wrong or missing keeps its start value. */
export function parseHash(hash, config) {
  const state = startState(config);
  const words = new URLSearchParams(hash.replace(/^#/, ""));
  const view = (words.get("view") || "").split("/").map(Number);
  if (view.length === 3 && view.every(Number.isFinite) && Math.abs(view[1]) <= 85 && Math.abs(view[2]) <= 180) {
    state.view = { zoom: Math.min(20, Math.max(3, view[0])), lat: view[1], lon: view[2] };
  }
  if (words.has("layers")) {
    const known = new Set(config.layers.map((layer) => layer.id));
    state.layers = new Set(words.get("layers").split(",").filter((id) => known.has(id)));
  }
  if (DAY.test(words.get("from") || "") && DAY.test(words.get("to") || "") && words.get("from") <= words.get("to")) {
    state.from = words.get("from");
    state.to = words.get("to");
  }
  if (config.nights.includes(words.get("night"))) state.night = words.get("night");
  for (const pair of (words.get("opacity") || "").split(",")) {
    const [id, value] = pair.split(":");
    if (id && Number(value) >= 0 && Number(value) <= 1) state.opacity[id] = Number(value);
  }
  return state;
}

export function writeHash(state) {
  const words = new URLSearchParams();
  if (state.view) words.set("view", [state.view.zoom, state.view.lat.toFixed(5), state.view.lon.toFixed(5)].join("/"));
  words.set("layers", [...state.layers].join(","));
  words.set("from", state.from);
  words.set("to", state.to);
  if (state.night) words.set("night", state.night);
  const opacity = Object.entries(state.opacity).map(([id, value]) => `${id}:${value}`);
  if (opacity.length) words.set("opacity", opacity.join(","));
  return "#" + words.toString().replaceAll("%2F", "/").replaceAll("%2C", ",").replaceAll("%3A", ":");
}

/** A store: `change` merges values, tells listeners which keys changed, and writes the address. */
export function makeStore(config) {
  let state = parseHash(location.hash, config);
  const listeners = [];
  const tell = (keys) => listeners.forEach((listener) => listener(state, keys));
  window.addEventListener("popstate", () => {
    state = parseHash(location.hash, config);
    tell(["view", "layers", "window", "night", "opacity", "popped"]);
  });
  return {
    get: () => state,
    listen: (listener) => listeners.push(listener),
    change(values, keys) {
      state = { ...state, ...values };
      const hash = writeHash(state);
      if (hash !== location.hash) {
        const onlyView = keys.length === 1 && keys[0] === "view";
        history[onlyView ? "replaceState" : "pushState"](null, "", hash);
      }
      tell(keys);
    },
  };
}

/** The tile address of a layer for a state: only the parameters that the layer listens to. */
export function tileUrl(layer, state, config) {
  const values = { from: state.from, to: state.to, night: state.night };
  const query = new URLSearchParams({ v: config.dataVersion });
  for (const name of layer.params) if (values[name]) query.set(name, values[name]);
  return `${layer.tiles}?${query}`;
}
