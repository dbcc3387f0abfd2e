// What the check of a file found: refused rows, doubles, what becomes of areas, overlaps and gaps; and what is chosen.

import { config, formatNumber } from "./config.js";
import { byId, element, fill } from "./elements.js";
import { addPoint, addShape, clearMap, showAll, showPlace, showShape } from "./import_map.js";

const { words: WORDS } = config;
const MOST_DRAWN = 2000;
const nameOf = (area) => (config.locale === "en" ? area.name_en || area.name_zh : area.name_zh || area.name_en) || area.code;
const percent = (share) => formatNumber(100 * share, share < 0.1 ? 1 : 0);

/** Show the findings of a check, tables and map. */
export function showFindings(job) {
  clearMap();
  for (const [lon, lat, row] of (job.places ?? []).slice(0, MOST_DRAWN)) addPoint("good", lon, lat, fill(WORDS.row, { row }));
  showRefused(job.problems ?? []);
  showDoubles(job.doubles ?? []);
  for (const [lon, lat, row] of job.without_grid?.places ?? []) addPoint("gridless", lon, lat, fill(WORDS.row, { row }));
  showBoundaries(job.boundaries);
  showAll();
}

function tableOf(id) {
  return byId(id).querySelector("tbody");
}

function placed(line, show) {
  line.dataset.lon = "1";
  line.tabIndex = 0;
  line.addEventListener("click", ({ target }) => target.closest("input, label, select, a, button") || show());
  line.addEventListener("keydown", ({ key, target }) => key === "Enter" && target === line && show());
}

function showRefused(problems) {
  byId("refused").hidden = !problems.length;
  tableOf("refused").replaceChildren(...problems.map(({ row, field_name: field, problem, remedy, lon, lat }) => {
    const cells = [field, problem, remedy].map((textContent) => element("td", { textContent }));
    const line = element("tr", {}, [element("th", { scope: "row", className: "number", textContent: row }), ...cells]);
    if (lon !== null && lon !== undefined) {
      addPoint("refused", lon, lat, [fill(WORDS.row, { row }), problem]);
      placed(line, () => showPlace(lon, lat));
    }
    return line;
  }));
}

function showDoubles(doubles) {
  byId("doubles").hidden = !doubles.length;
  tableOf("doubles").replaceChildren(...doubles.map(({ row, number, title, lon, lat, distance_m: distance, day, other }) => {
    const values = { ...other, distance: formatNumber(distance, 1), day };
    const like = fill(other.row === null ? WORDS.double : WORDS.double_of_row, values);
    addPoint("double", lon, lat, [fill(WORDS.row, { row }), title, like]);
    const choice = element("select", { attributes: { "aria-label": `${fill(WORDS.row, { row })} ${like}`, "data-row": String(row), "data-hazard": other.row === null ? other.id : "" } }, [
      element("option", { value: "", textContent: WORDS.keep_both }), element("option", { value: "merge", textContent: WORDS.merge })]);
    const line = element("tr", {}, [
      element("th", { scope: "row" }, [fill(WORDS.row, { row }), element("span", { className: "code", textContent: `${number} ${title}` })]),
      element("td", { textContent: like }), element("td", {}, [choice])]);
    placed(line, () => showPlace(lon, lat));
    return line;
  }));
}

function showBoundaries(found) {
  byId("boundaries").hidden = !found || !(found.changes.length || found.faults.length);
  if (!found) return;
  byId("orphans").hidden = !found.orphans?.areas;
  byId("orphans").textContent = fill(WORDS.orphans, found.orphans ?? {});
  byId("changes").querySelector("tbody").replaceChildren(...found.changes.map(changeLine));
  byId("faults-part").hidden = !found.faults.length;
  byId("faults").querySelector("tbody").replaceChildren(...found.faults.map(faultLine));
}

function changeLine(change) {
  const [first] = change.to;
  const own = change.code ? { code: change.code, name_zh: change.name_zh, name_en: change.name_en } : first;
  const parts = change.to.map((piece) => fill(WORDS.goes_on_as, { share: percent(piece.share), name: `${nameOf(piece)} ${piece.code}` }));
  if (change.lost) parts.push(fill(WORDS.lost, { share: percent(change.lost) }));
  for (const piece of change.to) addShape("change", piece.shape, [`${nameOf(own)} → ${nameOf(piece)}`, WORDS.boundary[change.kind]]);
  const line = element("tr", {}, [
    element("th", { scope: "row" }, [nameOf(own), element("span", { className: "code", textContent: own.code })]),
    element("td", {}, [element("span", { className: "chip", textContent: WORDS.boundary[change.kind] })]),
    element("td", {}, parts.map((textContent) => element("div", { textContent })))]);
  if (first) placed(line, () => showShape(first.shape));
  return line;
}

function faultLine(fault) {
  const words = [WORDS.topology[fault.kind], fault.between.join(" / ")];
  addShape("fault", fault.shape, words);
  const choice = element("input", { type: "checkbox", attributes: { "data-fault": fault.id } });
  const mend = fill(fault.is_gap ? WORDS.fix_gap : WORDS.fix_overlap, { code: fault.goes_to });
  const line = element("tr", {}, [
    element("th", { scope: "row", textContent: words[0] }), element("td", { className: "number", textContent: formatNumber(fault.area_m2) }),
    element("td", { className: "number", textContent: formatNumber(fault.width_m, 1) }), element("td", { textContent: words[1] }),
    element("td", {}, fault.goes_to ? [element("label", { className: "check" }, [choice, mend])] : [])]);
  placed(line, () => showShape(fault.shape));
  return line;
}

/** Return what was chosen of the findings, as the commit takes it. */
export function chosenFindings() {
  const merged = [...document.querySelectorAll("#doubles select")].filter(({ value }) => value);
  const own = merged.filter(({ dataset }) => !dataset.hazard).map(({ dataset }) => Number(dataset.row));
  const merges = Object.fromEntries(merged.filter(({ dataset }) => dataset.hazard).map(({ dataset }) => [dataset.row, dataset.hazard]));
  const fixes = [...document.querySelectorAll("#faults [data-fault]:checked")].map(({ dataset }) => dataset.fault);
  return { left_out: own, merges, fixes, leave_out_refused: byId("leave-out").checked };
}
