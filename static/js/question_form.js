// The form of a question and the question as data, each made from the other.

import { config } from "./config.js";
import { byId, element } from "./elements.js";

const { layers, relations, measures, rates, periods, words } = config.questions;
const byName = new Map(layers.map((layer) => [layer.id, layer]));
const OPERATORS = {
  text: ["equals", "differs", "contains", "empty", "filled"],
  number: ["equals", "less", "greater", "empty", "filled"],
  moment: ["after", "before", "empty", "filled"],
  date: ["after", "before", "empty", "filled"],
  boolean: ["true", "false"],
};
const NEEDS_NO_VALUE = new Set(["empty", "filled", "true", "false"]);
const quoted = (text) => `'${text.replaceAll("'", "''")}'`;
const timeOf = (kind, value) => (kind === "date" ? `DATE(${quoted(value)})` : `TIMESTAMP(${quoted(new Date(`${value}+08:00`).toISOString())})`);
const CQL = {
  equals: (name, kind, value) => `${name} = ${kind === "number" ? Number(value) : quoted(value)}`,
  differs: (name, kind, value) => `${name} <> ${quoted(value)}`,
  contains: (name, kind, value) => `CASEI(${name}) LIKE CASEI(${quoted(`%${value.replace(/[\\%_]/g, "\\$&")}%`)})`,
  less: (name, kind, value) => `${name} < ${Number(value)}`,
  greater: (name, kind, value) => `${name} > ${Number(value)}`,
  after: (name, kind, value) => `${name} >= ${timeOf(kind, value)}`,
  before: (name, kind, value) => `${name} < ${timeOf(kind, value)}`,
  empty: (name) => `${name} IS NULL`,
  filled: (name) => `${name} IS NOT NULL`,
  true: (name) => `${name} = TRUE`,
  false: (name) => `${name} = FALSE`,
};

const option = (value, textContent) => element("option", { value, textContent });
const options = (select, pairs) => select.replaceChildren(...pairs.map(([value, text]) => option(value, text)));
const takeAway = (row, changed) => {
  const button = element("button", { type: "button", className: "take", textContent: "×", attributes: { "aria-label": words.remove } });
  button.addEventListener("click", () => { row.remove(); changed(); });
  return button;
};
const propertiesOf = (id) => byName.get(id)?.properties.filter(({ kind }) => kind !== "array") ?? [];
const labelled = (input, name) => { input.setAttribute("aria-label", name); return input; };

/** Wire the form; return `read()` and `write(question)`. The shape is kept by the caller. */
export function questionForm({ onChange }) {
  options(byId("layer"), layers.map(({ id, title }) => [id, title]));
  options(byId("join-layer"), layers.map(({ id, title }) => [id, title]));
  options(byId("relation"), [["", words.nothing], ...Object.entries(relations)]);
  options(byId("rate"), [["", words.nothing], ...Object.entries(rates)]);

  const layer = () => byId("layer").value;
  const relation = () => byId("relation").value;

  function addCondition() {
    const row = element("div");
    const name = labelled(element("select"), words.choose);
    const operator = element("select");
    options(name, propertiesOf(layer()).map((each) => [each.name, each.title]));
    const place = element("span");
    row.append(name, operator, place, takeAway(row, onChange));
    const fill = () => {
      const { kind, values } = propertiesOf(layer()).find((each) => each.name === name.value);
      options(operator, OPERATORS[kind].map((each) => [each, words[each]]));
      const value = valueInput(kind, values);
      place.replaceChildren(value);
      value.addEventListener("input", onChange);
    };
    name.addEventListener("change", () => { fill(); onChange(); });
    operator.addEventListener("change", () => {
      place.hidden = NEEDS_NO_VALUE.has(operator.value);
      onChange();
    });
    fill();
    byId("conditions").append(row);
    name.focus();
  }

  function valueInput(kind, values) {
    const choices = Object.entries(values ?? {});
    if (kind === "text" && choices.length) {
      const select = element("select");
      options(select, choices);
      return labelled(select, words.choose);
    }
    const type = { number: "number", moment: "datetime-local", date: "date" }[kind] ?? "text";
    return labelled(element("input", { type, hidden: kind === "boolean", ...(kind === "number" ? { step: "any" } : {}) }), words.choose);
  }

  function conditionTexts() {
    return [...byId("conditions").children].flatMap((row) => {
      const [name, operator] = row.querySelectorAll("select");
      const input = row.querySelector("span > *");
      const { kind } = propertiesOf(layer()).find((each) => each.name === name.value) ?? {};
      if (!kind || (!NEEDS_NO_VALUE.has(operator.value) && !input.value)) return [];
      return [CQL[operator.value](name.value, kind, input.value)];
    });
  }

  function groupChoices() {
    const own = propertiesOf(layer()).map((each) => [each.name, each.title]);
    const times = byName.get(layer())?.hasTime ? Object.entries(periods) : [];
    const other = byName.get(byId("join-layer").value);
    const partner = relation() && other
      ? [["partner", words.partner], ...propertiesOf(other.id).map((each) => [`partner.${each.name}`, `${other.title}: ${each.title}`])]
      : [];
    return [["", words.choose], ...partner, ...times, ...own];
  }

  function refreshGroups(chosen = groups()) {
    const rows = [...chosen.filter(Boolean), ""].slice(0, 4).map((value) => {
      const select = labelled(element("select"), words.choose);
      options(select, groupChoices());
      select.value = value;
      select.addEventListener("change", () => { refreshGroups(); onChange(); });
      return element("div", { className: "one" }, [select]);
    });
    byId("groups").replaceChildren(...rows);
    const given = groups();
    byId("figures").hidden = !given.length;
    byId("rate-field").hidden = !given.includes("partner");
  }

  const groups = () => [...byId("groups").querySelectorAll("select")].map(({ value }) => value).filter(Boolean);

  function addMeasure({ kind = "count", of = "" } = {}) {
    const row = element("div", { className: "two" });
    const what = labelled(element("select"), words.choose);
    options(what, Object.entries(measures));
    const property = labelled(element("select"), words.choose);
    const fill = () => {
      const usable = propertiesOf(layer()).filter((each) => each.kind === "number" || (["min", "max"].includes(what.value) && each.kind !== "boolean"));
      options(property, usable.map((each) => [each.name, each.title]));
      property.hidden = what.value === "count";
    };
    what.value = kind;
    fill();
    if (of) property.value = of;
    what.addEventListener("change", () => { fill(); onChange(); });
    property.addEventListener("change", onChange);
    row.append(what, property, takeAway(row, onChange));
    byId("measures").append(row);
  }

  const measureList = () => [...byId("measures").children].map((row) => {
    const [what, property] = row.querySelectorAll("select");
    return what.value === "count" ? { kind: "count" } : { kind: what.value, of: property.value };
  });

  function refreshJoin() {
    const how = relation();
    byId("join").hidden = !how;
    byId("distance-field").hidden = how !== "distance";
    byId("k-field").hidden = !how.startsWith("nearest");
    byId("mode-field").hidden = how !== "nearest_by_street";
  }

  function refreshLayer() {
    byId("conditions").replaceChildren();
    byId("measures").replaceChildren();
    byId("days").hidden = !byName.get(layer())?.hasTime;
  }

  byId("layer").addEventListener("change", () => { refreshLayer(); refreshGroups([]); onChange(); });
  byId("relation").addEventListener("change", () => { refreshJoin(); refreshGroups(); onChange(); });
  byId("join-layer").addEventListener("change", () => { refreshGroups(); onChange(); });
  byId("add-condition").addEventListener("click", addCondition);
  byId("add-measure").addEventListener("click", () => { addMeasure(); onChange(); });
  byId("question").addEventListener("input", onChange);

  function read() {
    const asked = { layer: layer() };
    const filters = [...conditionTexts(), ...(byId("filter").value.trim() ? [byId("filter").value.trim()] : [])];
    if (filters.length) asked.filter = filters.length > 1 ? filters.map((each) => `(${each})`).join(" AND ") : filters[0];
    if (byName.get(layer())?.hasTime) {
      if (byId("first-day").value) asked.first_day = byId("first-day").value;
      if (byId("last-day").value) asked.last_day = byId("last-day").value;
    }
    if (relation()) {
      asked.join = { layer: byId("join-layer").value, relation: relation(), keeps_lonely: byId("keeps-lonely").checked };
      if (byId("join-filter").value.trim()) asked.join.filter = byId("join-filter").value.trim();
      if (relation() === "distance") asked.join.distance_m = Number(byId("distance").value);
      if (relation().startsWith("nearest")) asked.join.k = Number(byId("k").value);
      if (relation() === "nearest_by_street") asked.join.mode = byId("mode").value;
    }
    if (groups().length) {
      asked.group = groups();
      if (measureList().length) asked.measures = measureList();
      if (byId("rate").value && groups().includes("partner")) asked.rate = byId("rate").value;
    }
    asked.limit = Number(byId("limit").value) || 1000;
    return asked;
  }

  function write(asked) {
    byId("layer").value = byName.has(asked.layer) ? asked.layer : layers[0]?.id;
    refreshLayer();
    byId("filter").value = asked.filter ?? "";
    byId("filter").closest("details").open = Boolean(asked.filter);
    byId("first-day").value = asked.first_day ?? "";
    byId("last-day").value = asked.last_day ?? "";
    const join = asked.join ?? {};
    byId("relation").value = join.relation ?? "";
    byId("join-layer").value = byName.has(join.layer) ? join.layer : layers[0]?.id;
    byId("join-filter").value = join.filter ?? "";
    byId("distance").value = join.distance_m ?? 500;
    byId("k").value = join.k ?? 1;
    byId("mode").value = join.mode ?? "foot";
    byId("keeps-lonely").checked = join.keeps_lonely ?? true;
    refreshJoin();
    refreshGroups(asked.group ?? []);
    byId("measures").replaceChildren();
    (asked.measures ?? []).forEach(addMeasure);
    byId("rate").value = asked.rate ?? "";
    byId("limit").value = asked.limit ?? 1000;
  }

  return { read, write };
}
