// Time window and night.

import { byId, make } from "./dom.js";

const DAY_MS = 86_400_000;
const plusDays = (day, count) => new Date(Date.parse(`${day}T00:00:00Z`) + count * DAY_MS).toISOString().slice(0, 10);

export function addTime({ config, store }) {
  const from = byId("time-from");
  const to = byId("time-to");
  const night = byId("night");
  const presets = [...document.querySelectorAll("[data-days]")];
  const setWindow = (first, last) => store.change({ from: first, to: last }, ["window"]);

  for (const preset of presets) {
    preset.addEventListener("click", () => setWindow(plusDays(config.today, 1 - Number(preset.dataset.days)), config.today));
  }
  const typed = () => {
    if (!from.value || !to.value) return;
    if (from.value <= to.value) setWindow(from.value, to.value);
    else setWindow(to.value, from.value);
  };
  from.addEventListener("change", typed);
  to.addEventListener("change", typed);

  if (config.nights.length) night.append(...config.nights.map((each) => make("option", { value: each }, each)));
  else night.append(make("option", {}, config.strings.no_nights));
  night.disabled = !config.nights.length;
  night.addEventListener("change", () => store.change({ night: night.value }, ["night"]));

  /** Move by nights: +1 is the night before, since the newest comes first. */
  function step(by) {
    const wanted = config.nights[config.nights.indexOf(store.get().night) + by];
    if (wanted) store.change({ night: wanted }, ["night"]);
  }
  byId("night-before").addEventListener("click", () => step(1));
  byId("night-after").addEventListener("click", () => step(-1));

  function update() {
    const state = store.get();
    from.value = state.from;
    to.value = state.to;
    if (state.night) night.value = state.night;
    const at = config.nights.indexOf(state.night);
    byId("night-before").disabled = at < 0 || at === config.nights.length - 1;
    byId("night-after").disabled = at <= 0;
    for (const preset of presets) {
      const pressed = state.to === config.today && state.from === plusDays(config.today, 1 - Number(preset.dataset.days));
      preset.setAttribute("aria-pressed", String(pressed));
    }
  }
  store.listen(update);
  update();
  return { step };
}
