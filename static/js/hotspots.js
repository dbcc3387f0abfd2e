// Maps of hotspots: a slider over past maps with what then happened, two methods side by side, what each says of itself.

import { backgroundMap } from "./background_map.js";
import { config, formatNumber, formatShare } from "./config.js";
import { byId, debounced, element } from "./elements.js";

const { L } = window;
const { runs, trial, words: WORDS, wanted } = config.hotspots;
const COLORS = { 0.01: "#fff3b0", 0.025: "#fdb863", 0.05: "#e66101", 0.1: "#8c3b3b" };
const BASELINE = "count_so_far";
const HIT = "#7fe3ff";
const HIT_SHARE = 0.05;
const CLOSE_ZOOM = 15;
const NEAR_ZOOM = 12.5;
const WAIT_MS = 120;
const dayFormat = new Intl.DateTimeFormat("sv-SE", { timeZone: "Asia/Shanghai" });

const say = (key, values = {}) => WORDS[key].replace(/\{(\w+)\}/g, (whole, name) => (name in values ? String(values[name]) : whole));
const dayOf = (moment) => dayFormat.format(new Date(moment));
const [first, second] = config.hotspots.methods;
const methods = second && second !== first ? [first, second] : [first];
const slider = byId("moment");
const state = document.querySelector(".hotspots");
const kept = new Map();
let asked = 0;
let shown = [];

const panes = methods.map((method, number) => pane(number));
if (panes.length > 1) keepTogether(panes.map(({ map }) => map));

function pane(number) {
  const map = backgroundMap(`map-${number}`);
  const style = styleAt(map);
  const cells = L.geoJSON(null, { renderer: L.canvas({ padding: 0.3 }), style, onEachFeature: explain }).addTo(map);
  map.on("zoomend", () => cells.setStyle(style));
  return { map, cells };
}

/** Move the maps together, whichever is moved. */
function keepTogether(maps) {
  let isFollowing = false;
  for (const map of maps) {
    map.on("move zoomend", () => {
      if (isFollowing) return;
      isFollowing = true;
      for (const other of maps) if (other !== map) other.setView(map.getCenter(), map.getZoom(), { animate: false });
      isFollowing = false;
    });
  }
}

/** Return the style of cells on a map: from afar, edges are thin or none, or they would hide what they enclose. */
function styleAt(map) {
  return ({ properties }) => styleOf(properties, map.getZoom() >= NEAR_ZOOM);
}

function styleOf({ share, later_count: later, isLine, isCasing }, isNear) {
  if (isLine) return lineStyle(share, later, isCasing, isNear);
  const isBest = share !== null && share <= HIT_SHARE;
  const fill = share === null ? { fillOpacity: 0 } : { fillColor: COLORS[share], fillOpacity: 0.78 };
  if (!later) return { ...fill, stroke: isNear && share !== null, color: "#0b1219", weight: 0.5, opacity: 0.6 };
  if (isBest) return { ...fill, stroke: true, color: HIT, weight: isNear ? 2.5 : 1, opacity: 1 };
  return { ...fill, stroke: true, color: "#ffffff", weight: isNear ? 1.2 : 0.6, opacity: 0.75, dashArray: isNear ? "2 3" : null };
}

/** Return the style of a piece of street: its share in colour, on a wider line where hazards came. */
function lineStyle(share, later, isCasing, isNear) {
  const weight = isNear ? 6 : 2.5;
  const came = share !== null && share <= HIT_SHARE ? HIT : "#ffffff";
  if (isCasing) return { color: came, weight: weight + (isNear ? 6 : 2), opacity: 0.9 };
  return { color: share === null ? "#46586a" : COLORS[share], weight, opacity: 0.95 };
}

/** Return the features in the order of drawing, the coldest first; lines with what came as a wider line below them. */
function inOrder(features) {
  const reversed = [...features].reverse();
  const lines = reversed.filter(({ geometry }) => geometry.type.endsWith("LineString"));
  if (!lines.length) return reversed;
  const as = (feature, more) => ({ ...feature, properties: { ...feature.properties, isLine: true, ...more } });
  return [...lines.filter(({ properties }) => properties.later_count).map((line) => as(line, { isCasing: true })), ...lines.map((line) => as(line, {}))];
}

function explain({ properties: { rank, event_count: count, later_count: later, village } }, layer) {
  layer.bindTooltip(() => {
    const lines = [village, say("cell", { rank, count }), ...(later ? [say("later", { count: later })] : [])];
    return element("div", {}, lines.map((line) => element("div", { textContent: line })));
  });
}

/** Return the address of a run by a method; of a map that is not kept, if hazards were chosen. */
function addressOf(run, method) {
  const query = method ? `method=${method}` : "";
  if (trial) return trial + (query && `&${query}`);
  return `/api/hotspots/${run.id}${query && `?${query}`}`;
}

async function read(address) {
  if (!kept.has(address)) {
    const answer = await fetch(address);
    const told = await answer.json();
    if (!answer.ok) throw new Error(told.detail ?? WORDS.failed);
    kept.set(address, told);
  }
  return kept.get(address);
}

async function show(place) {
  const turn = (asked += 1);
  state.dataset.state = "loading";
  try {
    const made = await Promise.all(methods.map((method) => read(addressOf(runs[place], method))));
    if (turn !== asked) return;
    if (made.some((map) => !map.is_map)) throw new Error(made.find((map) => !map.is_map).statement[0].text);
    shown = made;
    byId("fault").hidden = true;
    made.forEach(draw);
    tell(made, place);
    state.dataset.state = "ready";
  } catch (error) {
    if (turn !== asked) return;
    byId("fault").textContent = error.message;
    byId("fault").hidden = false;
    state.dataset.state = "failed";
  }
}

function draw(made, number) {
  panes[number].cells.clearLayers();
  // The coldest first, so that the hottest lie on top.
  panes[number].cells.addData({ ...made.cells, features: inOrder(made.cells.features) });
  byId(`caption-${number}`).textContent = made.method_words;
}

function tell(made, place) {
  const [map] = made;
  for (const item of document.querySelectorAll(".then-only")) item.hidden = map.then === null;
  byId("statement-head").textContent = titleOf(map, place);
  byId("statement").replaceChildren(...map.statement.map(sentence));
  byId("scores").replaceChildren(...scoreTables(made));
  byId("top").replaceChildren(...(map.top.length ? map.top.map(topCell) : [element("p", { className: "hint", textContent: WORDS.nothing })]));
  for (const ending of ["geojson", "csv"]) {
    const link = byId(`file-${ending}`);
    link.hidden = map.id === null;
    link.href = `/api/hotspots/${map.id}.${ending}?method=${map.method}`;
  }
}

function titleOf(map, place) {
  const isNewest = place === runs.length - 1 ? ` (${WORDS.newest})` : "";
  return say("map_of", { day: dayOf(map.until), end: dayOf(map.horizon_end) }) + isNewest;
}

const VERDICTS = new Set(["better", "worse", "alike", "baseline", "too_few"]);
const sentence = ({ kind, text }) => element("li", { textContent: text, className: VERDICTS.has(kind) ? `verdict ${kind}` : kind });

function scoreTables(made) {
  const parts = [];
  for (const part of ["then", "held_back"]) {
    const judged = made.map((map) => map[part]).filter((each) => each?.scores.length);
    if (judged.length) parts.push(element("h2", { textContent: WORDS[part] }), scoreTable(judged));
  }
  const groups = made[0].held_back?.calibration ?? [];
  if (groups.length) parts.push(calibrationTable(groups));
  byId("scores").hidden = !parts.length;
  return parts;
}

function scoreTable(judged) {
  const columns = judged.map((each) => ({ head: methodName(each.method), areas: each.scores }));
  if (!judged.some(({ method }) => method === BASELINE)) columns.push({ head: methodName(BASELINE), areas: judged[0].baseline });
  const heads = columns.flatMap(({ head }) => [WORDS.hit_rate, WORDS.pai, WORDS.pei].map((figure) => ({ head, figure })));
  const top = element("tr", {}, [
    element("th", { textContent: WORDS.share, attributes: { scope: "col", rowspan: 2 } }),
    ...columns.map(({ head }) => element("th", { textContent: head, attributes: { scope: "colgroup", colspan: 3 } })),
  ]);
  const below = element("tr", {}, heads.map(({ figure }) => element("th", { textContent: figure, className: "number", attributes: { scope: "col" } })));
  const rows = columns[0].areas.map((area, n) => {
    const best = Math.max(...columns.map(({ areas }) => areas[n].pei));
    const cells = columns.flatMap(({ areas }) => {
      const { hit_rate: hitRate, pai, pei } = areas[n];
      return [formatShare(hitRate), formatNumber(pai, 2), formatNumber(pei, 2)].map((textContent) =>
        element("td", { textContent, className: pei === best ? "number best" : "number" }));
    });
    return element("tr", {}, [element("th", { textContent: `${100 * area.share} %`, attributes: { scope: "row" } }), ...cells]);
  });
  const table = element("table", {}, [element("thead", {}, [top, below]), element("tbody", {}, rows)]);
  return element("div", { className: "table-frame", tabIndex: 0 }, [table]);
}

const methodName = (name) => [...byId("f-method").options].find(({ value }) => value === name)?.textContent ?? name;

function calibrationTable(groups) {
  const cells = (values, tag = "td") => values.map((textContent) => element(tag, { textContent, className: "number" }));
  const head = element("tr", {}, cells([WORDS.cells, WORDS.expected, WORDS.observed], "th"));
  const rows = groups.map((group) => element("tr", {}, cells([formatNumber(group.cell_count), formatNumber(group.expected, 1), formatNumber(group.observed)])));
  const table = element("table", {}, [element("thead", {}, [head]), element("tbody", {}, rows)]);
  return element("details", {}, [element("summary", { textContent: WORDS.calibration }), element("div", { className: "table-frame" }, [table])]);
}

function topCell(cell) {
  const place = [cell.village, cell.grid].filter(Boolean).join(" · ");
  const find = element("button", { type: "button", textContent: place });
  find.addEventListener("click", () => panes[0].map.setView([cell.lat, cell.lon], CLOSE_ZOOM));
  const facts = [
    say("hazards", { count: cell.event_count, year: cell.year_count }),
    say("trend", { recent: cell.recent_count, before: cell.before_count }),
    ...(cell.repeat_share === null ? [] : [say("repeats", { share: formatShare(cell.repeat_share, 0) })]),
  ];
  const links = cell.latest.flatMap(({ id, number, title, at }) => [" ", element("a", { href: `/cases/${id}`, textContent: `${dayOf(at)} ${title}`, title: number }), " "]);
  const latest = links.length ? [element("p", {}, [WORDS.latest, ...links])] : [];
  return element("li", {}, [find, element("p", { textContent: facts.join(" · ") }), ...latest]);
}

const asWanted = runs.findIndex(({ id }) => id === wanted);
const place = asWanted < 0 ? runs.length - 1 : asWanted;
slider.max = runs.length - 1;
slider.value = place;
document.querySelector(".slider").hidden = Boolean(trial);
const showSoon = debounced(() => show(Number(slider.value)), WAIT_MS);
const nameMoment = () => {
  const { until } = runs[Number(slider.value)];
  const words = dayOf(until) + (Number(slider.value) === runs.length - 1 ? ` (${WORDS.newest})` : "");
  byId("moment-words").textContent = words;
  slider.setAttribute("aria-valuetext", words);
};
slider.addEventListener("input", () => {
  nameMoment();
  showSoon();
});
nameMoment();
show(place);

window.jingwei = { hotspots: { maps: panes.map(({ map }) => map), shown: () => shown, state: () => state.dataset.state } };
