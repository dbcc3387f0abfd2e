// The time window of hazards, and the night whose patrols and coverage are shown.

import { config, words } from "./config.js";
import { byId, element } from "./elements.js";

const DAY_MS = 86400000;

/** Return the day some days before another, both as "2026-11-23". */
export const daysBefore = (day, count) => new Date(Date.parse(`${day}T00:00:00Z`) - count * DAY_MS).toISOString().slice(0, 10);

/** Make the controls work; `say` shows a short sentence. Returns `stepNight(step)`, -1 for the night before. */
export function startTimeControls(viewState, say) {
  const [first, last, nights] = ["window-from", "window-to", "night-choice"].map(byId);
  const presets = [...byId("presets").children];
  // Today, or the newest day of a city nobody has reported from lately: "30 days" never shows an empty map there.
  const newest = config.window.to;
  first.max = last.max = config.today;

  function chooseDays() {
    if (!first.value || !last.value) return refresh(viewState.current);
    const turned = first.value > last.value;
    if (turned) say(words("window_turned"));
    const [from, to] = turned ? [last.value, first.value] : [first.value, last.value];
    return viewState.choose({ from, to });
  }

  function stepNight(step) {
    const next = config.nights.indexOf(viewState.current.night) - step;
    if (next >= 0 && next < config.nights.length) viewState.choose({ night: config.nights[next] });
  }

  function refresh(state) {
    Object.assign(first, { value: state.from });
    Object.assign(last, { value: state.to });
    for (const preset of presets) {
      const covers = state.to === newest && state.from === daysBefore(newest, preset.dataset.days - 1);
      preset.setAttribute("aria-pressed", String(covers));
    }
    nights.value = state.night ?? "";
    const position = config.nights.indexOf(state.night);
    byId("night-before").disabled = position < 0 || position === config.nights.length - 1;
    byId("night-after").disabled = position <= 0;
  }

  for (const preset of presets) {
    preset.addEventListener("click", () => viewState.choose({ from: daysBefore(newest, preset.dataset.days - 1), to: newest }));
  }
  first.addEventListener("change", chooseDays);
  last.addEventListener("change", chooseDays);
  const fillNights = () => nights.replaceChildren(...(config.nights.length ? config.nights.map((night) => element("option", { value: night, textContent: night })) : [element("option", { value: "", textContent: words("no_nights") })]));
  fillNights();
  document.addEventListener("wordschange", () => {
    fillNights();
    refresh(viewState.current);
  });
  nights.disabled = !config.nights.length;
  nights.addEventListener("change", () => viewState.choose({ night: nights.value }));
  byId("night-before").addEventListener("click", () => stepNight(-1));
  byId("night-after").addEventListener("click", () => stepNight(1));
  viewState.onChange(refresh);
  refresh(viewState.current);
  return stepNight;
}
