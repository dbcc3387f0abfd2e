// The wall's figures: each with the curve or the bars of its last two weeks.

import { config, formatNumber, formatShare, words } from "./config.js";
import { byId, element } from "./elements.js";

const WIDTH = 100;
const HEIGHT = 30;
const SVG = "http://www.w3.org/2000/svg";
const BAD = new Set(["overdue"]);
const MOST_ROWS = 5;
const MOST_IN_LINE = 10;

/** Draw the strip anew. */
export function drawFigures(figures) {
  byId("wall-figures").replaceChildren(...figures.map(card));
}

function card({ key, value, line, bars, is_share: isShare }) {
  const known = value !== null && value !== undefined;
  const shown = known ? (isShare ? formatShare(value, 0) : formatNumber(value)) : "–";
  const series = (line ?? bars ?? []).map((each) => each ?? null);
  const moved = change(series, isShare);
  const added = moved ? moved.textContent.length : 0;
  const isLong = shown.length + added > MOST_IN_LINE;
  const className = isLong ? "wall-figure-value wall-figure-long" : "wall-figure-value";
  const shownValue = element("p", { className, textContent: shown }, [moved].filter(Boolean));
  shownValue.style.setProperty("--chars", shown.length);
  shownValue.style.setProperty("--change", isLong ? 0 : added);
  const classes = ["wall-figure", BAD.has(key) && value > 0 ? "wall-figure-bad" : ""].join(" ").trim();
  return element("div", { className: classes, attributes: { "data-figure": key } }, [
    element("p", { className: "wall-figure-title", textContent: words(`wall_${key}`) }),
    shownValue,
    series.length > 1 ? drawing(series, Boolean(bars), key) : element("span"),
  ]);
}

function change(series, isShare) {
  const known = series.filter((each) => each !== null);
  if (known.length < 2) return null;
  const moved = known.at(-1) - known.at(-2);
  if (!moved) return element("span", { className: "wall-change", textContent: "±0" });
  const size = isShare ? formatNumber(Math.abs(moved) * 100, 1) : formatNumber(Math.abs(moved));
  return element("span", { className: "wall-change", textContent: `${moved > 0 ? "▲" : "▼"}${size}` });
}

function drawing(series, asBars, key) {
  const svg = document.createElementNS(SVG, "svg");
  for (const [name, value] of Object.entries({ class: "wall-spark", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", role: "img" })) svg.setAttribute(name, value);
  svg.setAttribute("aria-label", words("wall_spark", { title: words(`wall_${key}`), count: formatNumber(series.length) }));
  const known = series.filter((each) => each !== null);
  const least = asBars ? 0 : Math.min(...known);
  const span = Math.max(...known) - least || 1;
  const y = (value) => HEIGHT - 2 - ((value - least) / span) * (HEIGHT - 6);
  svg.append(...(asBars ? barsOf(series, y) : curveOf(series, y)));
  return svg;
}

function shape(name, attributes) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

function barsOf(series, y) {
  const step = WIDTH / series.length;
  return series.map((value, n) => shape("rect", {
    class: n === series.length - 1 ? "spark-now" : "spark-bar",
    x: n * step + step * 0.14, width: step * 0.72, y: Math.min(y(value ?? 0), HEIGHT - 2.4), height: Math.max(HEIGHT - y(value ?? 0), 2.4),
  }));
}

function curveOf(series, y) {
  const points = series.map((value, n) => (value === null ? null : [(n / (series.length - 1)) * (WIDTH - 2) + 1, y(value)])).filter(Boolean);
  const path = points.map(([x, at], n) => `${n ? "L" : "M"}${x.toFixed(1)} ${at.toFixed(1)}`).join("");
  const area = `${path}L${points.at(-1)[0].toFixed(1)} ${HEIGHT}L${points[0][0].toFixed(1)} ${HEIGHT}Z`;
  return [shape("path", { class: "spark-area", d: area }), shape("path", { class: "spark-line", d: path, "vector-effect": "non-scaling-stroke" })];
}

/** Draw tonight's duty: units and shifts. */
export function drawDuty(roster) {
  byId("wall-duty").hidden = !roster;
  if (!roster) return;
  const time = (moment) => timeFormat.format(new Date(moment));
  const begin = roster.entries.map((each) => each.starts_at).sort()[0];
  const end = roster.entries.map((each) => each.ends_at).sort().at(-1);
  byId("duty-shift").textContent = begin ? `${time(begin)}–${time(end)}` : "";
  // The panel is as high as its rows ask for; alerts have the rest.
  const isInTwo = roster.entries.length > MOST_ROWS;
  const listed = roster.entries.slice(0, isInTwo ? 2 * MOST_ROWS : MOST_ROWS);
  document.documentElement.style.setProperty("--duty-rows", String(Math.max(2, isInTwo ? Math.ceil(listed.length / 2) : listed.length)));
  byId("duty").className = isInTwo ? "in-two" : "";
  byId("duty").replaceChildren(...listed.map(({ zh, en, teams, on_the_way: out }) => element("li", { className: out ? "duty-out" : "" }, [
    element("span", { className: "duty-name", textContent: config.locale === "en" ? en : zh }),
    element("span", { className: "duty-teams", textContent: `${formatNumber(out)}/${formatNumber(teams)}` }),
  ])));
  const counts = { out: formatNumber(roster.on_the_way), planned: formatNumber(roster.planned), checks: formatNumber(roster.inspections.under_way), night: roster.night ?? "" };
  byId("duty-note").textContent = !roster.planned ? words("wall_no_duty") : words(roster.is_tonight ? "wall_duty_note" : "wall_duty_earlier", counts);
}

const timeFormat = new Intl.DateTimeFormat("sv-SE", { timeZone: "Asia/Shanghai", hour: "2-digit", minute: "2-digit" });
