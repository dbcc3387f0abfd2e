// The strip of figures. Each says what it is a share of; without a denominator it says "no data".

import { config, formatMoment, formatNumber, formatShare, words } from "./config.js";
import { byId, element } from "./elements.js";
import { fetchJson } from "./requests.js";
import { questionOf } from "./view_state.js";

const REFRESH_MS = 60000;
const FIGURES = [
  { key: "open", title: () => words("kpi_open"), read: (all) => ({ value: formatNumber(all.open), part: words("kpi_open_part") }) },
  { key: "overdue", title: () => words("kpi_overdue"), read: overdue },
  { key: "closing_rate", title: () => words("kpi_closing_rate"), read: closingRate },
  { key: "coverage", right: "view_aggregates", title: (state) => words(state.night === config.nights[0] ? "kpi_coverage" : "kpi_coverage_night"), read: coverage },
  { key: "teams", right: "view_aggregates", title: () => words("kpi_teams"), read: teams },
];

function overdue(all) {
  const part = all.open ? words("kpi_overdue_part", { share: formatShare(all.overdue / all.open) }) : words("kpi_no_denominator");
  return { value: formatNumber(all.overdue), part, alarm: all.overdue > 0 };
}

function closingRate({ closing_rate: rate }) {
  if (rate.value === null) return { value: null, part: words("kpi_no_denominator") };
  const part = words("kpi_closing_rate_part", { closed: formatNumber(rate.closed), due: formatNumber(rate.due) });
  return { value: formatShare(rate.value), part, share: rate.value };
}

function coverage({ coverage_last_night: seen }) {
  if (seen.value === null) return { value: null, part: words("no_nights") };
  const values = { night: seen.night, visited: formatNumber(seen.visited ?? 0), grids: formatNumber(seen.grids ?? 0) };
  return { value: formatShare(seen.value), part: words("kpi_coverage_part", values), share: seen.value };
}

function teams({ teams_out: out }) {
  if (out.value === null) return { value: null, part: words("no_nights") };
  return { value: formatNumber(out.value), part: words("kpi_teams_part", { of: formatNumber(out.of) }), share: out.of ? out.value / out.of : undefined };
}

/** Show the strip and keep it in step with the state and the clock; returns what fetches it anew. */
export function showFigures(viewState) {
  const strip = byId("figures");
  let newest = null;
  let asked = "";
  let running = null;

  async function refresh() {
    const state = viewState.current;
    asked = questionOf(["from", "to", "night"], state);
    running?.abort();
    running = new AbortController();
    const { signal } = running;
    try {
      const all = await fetchJson(config.urls.kpi + asked, signal);
      newest = { all, at: Date.now() };
      draw(strip, state, all, "fresh");
    } catch (error) {
      if (signal.aborted) return;
      draw(strip, state, newest?.all ?? null, newest ? "stale" : "failed", newest?.at);
    }
  }

  draw(strip, viewState.current, null, "waiting");
  refresh();
  setInterval(() => document.visibilityState === "visible" && refresh(), REFRESH_MS);
  document.addEventListener("wordschange", () => draw(strip, viewState.current, newest?.all ?? null, strip.dataset.condition, newest?.at));
  viewState.onChange((state) => {
    if (questionOf(["from", "to", "night"], state) !== asked) refresh();
  });
  return refresh;
}

function draw(strip, state, all, condition, at) {
  strip.dataset.condition = condition;
  const shown = FIGURES.filter(({ right }) => !right || config.rights.includes(right));
  const cards = shown.map((figure) => card(figure.key, figure.title(state), all ? figure.read(all) : null, condition));
  strip.replaceChildren(...cards);
  const moment = at ? formatMoment(at) : all?.data_until ? formatMoment(all.data_until) : "";
  if (condition === "failed") strip.append(element("p", { className: "figures-note", textContent: words("figures_failed") }));
  else if (condition === "stale") strip.append(element("p", { className: "figures-note", textContent: words("figures_stale", { moment }) }));
  else strip.title = moment ? words("data_until", { moment }) : "";
}

function card(key, title, reading, condition) {
  const value = reading?.value ?? (condition === "waiting" ? "" : words("no_data"));
  const classes = ["figure", reading?.alarm ? "figure-alarm" : "", reading && reading.value === null ? "figure-empty" : ""];
  const made = element("div", { className: classes.join(" ").trim(), title: reading?.part ?? "", attributes: { "data-figure": key } }, [
    element("span", { className: "figure-title", textContent: title }),
    element("span", { className: "figure-value", textContent: value }),
    element("span", { className: "figure-part", textContent: reading?.part ?? "" }),
  ]);
  const bar = element("span", { className: "figure-bar", attributes: { "aria-hidden": "true" } });
  bar.style.setProperty("--share", reading?.share ?? 0);
  bar.hidden = reading?.share === undefined;
  made.append(bar);
  return made;
}
