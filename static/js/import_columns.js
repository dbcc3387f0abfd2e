// The columns of a file: what each seems to stand for, corrected by hand or by the profile of its source.

import { config } from "./config.js";
import { byId, element, fill } from "./elements.js";
import { addPoint, addShape, clearMap, showAll } from "./import_map.js";

const { words: WORDS } = config;
const SAMPLES = 3;
const body = byId("columns").querySelector("tbody");
let seen = null;

/** Show a look at a file; columns chosen before count more than guesses. */
export function showColumns(look, job) {
  seen = look;
  byId("c-datum").value = job.datum || look.declared_datum || "";
  byId("c-format").replaceChildren(...config.formats.map((name) => element("option", { value: name, textContent: name, selected: name === look.file_format })));
  const profiles = look.profiles.map(({ name }, index) => element("option", { value: String(index), textContent: name }));
  byId("c-profile").replaceChildren(byId("c-profile").options[0], ...profiles);
  const before = job.options.columns ?? {};
  const chosen = Object.keys(before).length ? before : guessed(look);
  body.replaceChildren(...look.headers.map((header) => lineOf(header, chosen[header] ?? "")));
  if (byId("c-whole")) byId("c-whole").checked = Boolean(job.options.is_whole);
  byId("shown-rows").textContent = fill(WORDS.shown, { shown: look.rows.length, count: look.row_count });
  tellWhatIsMissing();
  draw(look);
}

const guessed = (look) => Object.fromEntries(Object.entries(look.guesses).filter(([, { field }]) => field).map(([header, { field }]) => [header, field]));

/** A field by the name people give it: the first Chinese one known, in English its own in plain words. */
function named({ name, aliases }) {
  const chinese = config.locale === "en" ? "" : aliases.find((word) => /[^\x00-\x7f]/.test(word));
  return chinese || name.replaceAll("_", " ");
}

function lineOf(header, field) {
  const options = [["", WORDS.unused], ...seen.fields.map((each) => [each.name, named(each)])];
  const select = element("select", { attributes: { "aria-label": header, "data-header": header } }, options.map(([value, textContent]) => element("option", { value, textContent, selected: value === field })));
  select.addEventListener("change", tellWhatIsMissing);
  const guess = seen.guesses[header];
  const sign = guess?.field && guess.confidence < 1 && guess.field === field ? [element("span", { className: "guess", textContent: `${WORDS.guessed} ${Math.round(100 * guess.confidence)} %` })] : [];
  const samples = seen.rows.slice(0, SAMPLES).map(({ values }) => values[header]).filter((value) => value !== "" && value !== undefined);
  return element("tr", {}, [element("th", { scope: "row", textContent: header }), element("td", {}, [select, ...sign]), element("td", { className: "values", textContent: samples.join(" · ") })]);
}

const selects = () => [...body.querySelectorAll("select")];

function tellWhatIsMissing() {
  const chosen = new Set(selects().map(({ value }) => value));
  const missing = seen.fields.filter(({ name, is_required: isRequired }) => isRequired && !chosen.has(name)).map(named);
  byId("missing-fields").hidden = !missing.length;
  byId("missing-fields").textContent = fill(WORDS.missing_field, { fields: missing.join(", ") });
  const isDatumNeeded = seen.has_places && !byId("c-datum").value.trim();
  byId("datum-needed").hidden = !isDatumNeeded;
  byId("datum-needed").textContent = WORDS.datum_needed;
}

/** Draw the rows of a look on the map; what was chosen of the columns stays. */
export function drawRows(look) {
  seen.rows = look.rows;
  draw(look);
}

byId("c-datum").addEventListener("input", () => seen && tellWhatIsMissing());
byId("c-profile").addEventListener("change", () => {
  const profile = seen?.profiles[Number(byId("c-profile").value)];
  if (byId("c-profile").value === "" || !profile) return;
  for (const select of selects()) select.value = profile.settings.columns?.[select.dataset.header] ?? "";
  if (profile.settings.datum) byId("c-datum").value = profile.settings.datum;
  if (profile.settings.file_format) byId("c-format").value = profile.settings.file_format;
  byId("c-keep").value = profile.name;
  tellWhatIsMissing();
});

/** Return what was chosen, as the check takes it. */
export function chosenColumns() {
  const columns = Object.fromEntries(selects().filter(({ value }) => value).map(({ dataset, value }) => [dataset.header, value]));
  return {
    columns,
    datum: byId("c-datum").value.trim(),
    format: byId("c-format").value,
    profile: byId("c-keep").value.trim(),
    whole: Boolean(byId("c-whole")?.checked),
  };
}

function draw(look) {
  clearMap();
  if (!byId("c-datum").value) return;
  for (const { row, shape, problem } of look.rows) {
    if (!shape) continue;
    const words = [fill(WORDS.row, { row }), ...(problem ? [problem] : [])];
    if (shape.type === "Point") addPoint(problem ? "refused" : "good", shape.coordinates[0], shape.coordinates[1], words);
    else addShape(problem ? "refused" : "good", shape, words);
  }
  showAll();
}
