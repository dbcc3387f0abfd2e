// The answer of a question as table and chart, and how a program asks the same.

import { config, formatMoment, formatNumber } from "./config.js";
import { byId, element } from "./elements.js";

const { words } = config.questions;
const ROWS_OF_A_PAGE = 100;
const OTHER = config.locale === "en" ? "_zh" : "_en";
const MOST_BARS = 60;

/** Return a value of the answer in words. */
export function cell(column, value) {
  if (value === null || value === undefined || value === "") return "";
  if (column.values?.[value]) return column.values[value];
  if (column.name === "time/weekday") return words.weekdays.split(",")[value - 1];
  if (column.kind === "moment") return formatMoment(value);
  if (column.kind === "boolean") return value ? words.true : words.false;
  if (column.kind === "number" && typeof value === "number") return formatNumber(value, Number.isInteger(value) ? 0 : 2);
  return String(value);
}

/** Return the position of the figure an answer is about: its rate, else its last number that is measured; -1 for none. */
export function figureOf(asked, found) {
  if (!asked.group?.length) return -1;
  const measured = [asked.rate, ...(asked.measures ?? []).map(({ kind, of }) => (of ? `${kind}_${of}` : kind)), "count"].filter(Boolean);
  return found.columns.findIndex(({ name, kind }) => name === measured[0] && kind === "number");
}

/** Return the columns to show, by position: figures after the names, identifiers last, no name in the other language. */
function shownColumns({ columns }) {
  const names = new Set(columns.map(({ name }) => name));
  const twin = (name) => name.slice(0, -OTHER.length) + (OTHER === "_zh" ? "_en" : "_zh");
  const rank = ({ name, kind }) => (/(^|\.)id$/.test(name) ? 3 : kind === "number" && !name.includes(".") ? 1 : name.includes(".name_") ? 0 : 2);
  const kept = columns.map((column, at) => ({ ...column, at })).filter(({ name }) => !(name.endsWith(OTHER) && names.has(twin(name))));
  // A plain list of features keeps the order of its layer.
  if (!columns.some(({ name }) => name === "count")) return kept.sort((one, other) => (rank(one) === 3) - (rank(other) === 3)).map(({ at }) => at);
  return kept.sort((one, other) => rank(one) - rank(other)).map(({ at }) => at);
}

/** Make the table; `show(answer)`, `choose(index)`. */
export function answerTable({ onChoose }) {
  const frame = byId("panel-table");
  let found = { columns: [], rows: [] };
  let order = [];
  let sorted = { column: -1, down: false };
  let page = 0;

  function show(answer) {
    found = answer;
    order = answer.rows.map((_, index) => index);
    sorted = { column: -1, down: false };
    page = 0;
    paint();
  }

  function sortBy(column) {
    sorted = { column, down: sorted.column === column && !sorted.down };
    const sign = sorted.down ? -1 : 1;
    const isEmpty = (value) => value === null || value === undefined;
    order.sort((one, other) => {
      const [a, b] = [found.rows[one][column], found.rows[other][column]];
      if (isEmpty(a) || isEmpty(b)) return isEmpty(a) - isEmpty(b);
      return sign * (typeof a === "number" ? a - b : String(a).localeCompare(String(b), config.locale));
    });
    page = 0;
    paint();
  }

  function paint(chosen = -1) {
    if (!found.rows.length) { frame.replaceChildren(); return; }
    const shown = shownColumns(found);
    const heads = shown.map((index) => {
      const column = found.columns[index];
      const button = element("button", { type: "button", textContent: column.title });
      button.addEventListener("click", () => sortBy(index));
      const attributes = { scope: "col", ...(sorted.column === index ? { "aria-sort": sorted.down ? "descending" : "ascending" } : {}) };
      return element("th", { className: column.kind === "number" ? "number" : "", attributes }, [button]);
    });
    const body = order.slice(page * ROWS_OF_A_PAGE, (page + 1) * ROWS_OF_A_PAGE).map((index) => {
      const cells = shown.map((number) => {
        const column = found.columns[number];
        return element("td", { className: column.kind === "number" ? "number" : "", textContent: cell(column, found.rows[index][number]) });
      });
      const row = element("tr", { attributes: { "data-index": index, tabindex: "-1", ...(index === chosen ? { "aria-selected": "true" } : {}) } }, cells);
      row.addEventListener("click", () => { mark(index); onChoose(index); });
      return row;
    });
    const table = element("table", {}, [element("thead", {}, [element("tr", {}, heads)]), element("tbody", {}, body)]);
    frame.replaceChildren(table, ...pager());
  }

  function pager() {
    const pages = Math.ceil(order.length / ROWS_OF_A_PAGE);
    if (pages < 2) return [];
    const step = (textContent, by) => {
      const button = element("button", { type: "button", className: "small", textContent, disabled: page + by < 0 || page + by >= pages });
      button.addEventListener("click", () => { page += by; paint(); });
      return button;
    };
    return [element("div", { className: "pager" }, [step("←", -1), `${page + 1} / ${pages}`, step("→", 1)])];
  }

  function mark(index) {
    frame.querySelector("[aria-selected]")?.removeAttribute("aria-selected");
    const row = frame.querySelector(`[data-index="${index}"]`);
    row?.setAttribute("aria-selected", "true");
    return row;
  }

  function choose(index) {
    if (!mark(index)) {
      page = Math.floor(order.indexOf(index) / ROWS_OF_A_PAGE);
      paint(index);
    }
    frame.querySelector(`[data-index="${index}"]`)?.scrollIntoView({ block: "nearest" });
  }

  return { show, choose };
}

/** Paint bars of the answer's figure, in its order. */
export function paintChart(asked, found) {
  const panel = byId("panel-chart");
  const figure = figureOf(asked, found);
  if (figure < 0 || !found.rows.length) {
    panel.replaceChildren(element("p", { className: "empty-line", textContent: words.no_chart }));
    return;
  }
  const names = nameColumns(asked, found);
  const rows = found.rows.slice(0, MOST_BARS);
  const most = Math.max(...rows.map((row) => row[figure] ?? 0), 0) || 1;
  const bars = rows.flatMap((row) => {
    const name = names.map((at) => cell(found.columns[at], row[at])).filter(Boolean).join(" · ") || words.no_data;
    const bar = element("span", { className: "bar" });
    bar.style.width = `${(100 * Math.max(row[figure] ?? 0, 0)) / most}%`;
    const value = row[figure] === null ? words.no_data : cell(found.columns[figure], row[figure]);
    return [element("span", { className: "name", textContent: name, title: name }), element("span", {}, [bar]), element("span", { className: "value", textContent: value })];
  });
  const title = element("p", { className: "hint", textContent: found.columns[figure].title });
  panel.replaceChildren(title, element("div", { className: "bars" }, bars));
}

function nameColumns(asked, found) {
  const own = asked.group.filter((name) => name !== "partner");
  const partner = asked.group.includes("partner")
    ? [`partner.name_${config.locale}`, "partner.name_zh", "partner.code", "partner.id"].filter((name) => found.columns.some((each) => each.name === name)).slice(0, 1)
    : [];
  return [...partner, ...own].map((name) => found.columns.findIndex((each) => each.name === name)).filter((at) => at >= 0);
}

/** Show how a program asks the same. */
export function paintCode(asked) {
  const body = JSON.stringify(asked, null, 2);
  const address = `${window.location.origin}/api/questions/answer`;
  const curl = `curl -X POST -H 'Authorization: Bearer jw_…' -H 'Content-Type: application/json' \\\n  -d '${body.replaceAll("'", "'\\''")}' \\\n  ${address}`;
  const python = `from gis_app.client import Client\n\nwith Client("${window.location.origin}", token="jw_…") as city:\n    frame = city.ask(${pythonOf(asked, 4)})\nprint(frame.head())`;
  byId("panel-code").replaceChildren(
    element("h3", { textContent: "curl" }), element("pre", { tabIndex: 0, textContent: curl }),
    element("h3", { textContent: "Python" }), element("pre", { tabIndex: 0, textContent: python }),
  );
}

function pythonOf(value, indent) {
  const literal = JSON.stringify(value, null, 4).replace(/(?<=[:[,\s])(true|false|null)(?=[,\]}\s])/g, (word) => ({ true: "True", false: "False", null: "None" })[word]);
  return literal.replaceAll("\n", `\n${" ".repeat(indent)}`);
}
