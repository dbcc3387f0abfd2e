// The plan in words and tables: what it comes to, what is left out and why, its versions, and what became of it.

import { byId, element, fill } from "./elements.js";
import { chooseStop } from "./plan_map.js";
import { button, why } from "./plan_side.js";
import { canUndo, clock, counted, current, edit, editable, label, nameOf, restore, rounded, send, stops, teamOf, worth, WORDS } from "./plan_state.js";

const percent = (share) => `${Math.round(share * 1000) / 10} %`;

export function drawText() {
  const plan = current();
  const { result } = plan.content;
  byId("state").textContent = WORDS.plan_state[plan.state];
  byId("summary").textContent = fill(WORDS.summary, { stops: counted("stops", result.stop_count), teams: counted("teams", result.team_count), value: rounded(result.value), best: rounded(result.best_value), greedy: rounded(result.greedy_value) });
  byId("more").replaceChildren(...facts(plan.content).map((text) => element("li", { textContent: text })));
  for (const name of ["add", "close", "what-if"]) byId(name).hidden = !editable;
  byId("undo").hidden = !canUndo();
  byId("steps").replaceChildren(...plan.steps.map((step) => button(WORDS.plan_step[step], () => take(step), step === "withdraw" ? "button" : "primary")));
  drawClosed(plan.content);
  drawLeftOut(result);
  drawVersions(plan);
  drawActual(plan.content);
}

function facts({ result, last_night: last, settings }) {
  const { idleness, coverage } = result;
  const told = [];
  if (result.missed_required.length) told.push(fill(WORDS.missed, { stops: result.missed_required.join(", ") }));
  if (result.short_villages?.length) told.push(fill(WORDS.short, { villages: result.short_villages.map(villageOf).join(", ") }));
  if (last) told.push(fill(WORDS.last_night, { night: last.night, value: rounded(last.value), stops: last.stops, teams: counted("teams", last.teams) }));
  if (idleness.mean_days_without !== null) told.push(fill(WORDS.idleness, { before: rounded(idleness.mean_days_without), after: rounded(idleness.mean_days_with) }));
  if (coverage?.grids) told.push(fill(WORDS.coverage, { before: coverage.checked_before, after: coverage.checked_after, grids: coverage.grids, planned: percent(coverage.share_planned), last: percent(coverage.share_last) }));
  if (result.reuse !== null) told.push(fill(WORDS.reuse, { share: Math.round(result.reuse * 100) }));
  if (settings.often_enough) told.push(fill(WORDS.often, { places: counted("places", settings.often_enough), nights: counted("nights", settings.most_visits) }));
  for (const part of result.cut_off ?? []) told.push(fill(WORDS.cut_off, { mode: WORDS.mode[part.mode] ?? part.mode, parts: counted("parts", part.parts), streets: counted("streets", part.streets), km: part.km }));
  return told;
}

const villageOf = (code) => nameOf(current().content.stops.find(({ village }) => village === code) ?? {}, "village") || code;

async function take(step) {
  if (step === "withdraw" && !window.confirm(WORDS.sure_withdraw)) return;
  await send("steps", { step });
  if (["closed", "withdrawn"].includes(current().state)) location.reload();
}

/** A street's name, else its kind and what it is near; its number in plans of before that was kept. */
function streetOf(street, id) {
  if (!street) return id;
  const kind = WORDS.street_kind[street.is_bridge ? "bridge" : street.kind] ?? street.kind;
  const near = nameOf(street, "near");
  return nameOf(street) || (near ? fill(WORDS.street_near, { kind, place: near }) : `${kind} ${id}`);
}

function drawClosed({ closed, closed_lines: lines, closed_names: names = {} }) {
  byId("closed").replaceChildren(...closed.filter((id) => lines?.[id]).map((id) => element("span", { className: "chip chip-late" }, [
    `${WORDS.closed} · ${streetOf(names[id], id)} `,
    editable ? button("×", () => edit({ reopen: [Number(id)] }), "") : "",
  ])));
  for (const each of byId("closed").querySelectorAll("button")) each.setAttribute("aria-label", WORDS.reopen);
}

function drawLeftOut(result) {
  const known = stops();
  byId("left-out").replaceChildren(...(result.left_out.length ? [] : [element("tr", {}, [element("td", { colSpan: 3, textContent: WORDS.all_in })])]), ...result.left_out.map((reason) => element("tr", {}, [
    element("th", { attributes: { scope: "row" } }, [button(label(known.get(reason.stop)), () => chooseStop(reason.stop), "")]),
    element("td", { className: "number", textContent: String(worth(known.get(reason.stop))) }),
    element("td", { textContent: why(reason) }),
  ])));
}

function drawVersions(plan) {
  byId("versions").replaceChildren(...plan.versions.map((each) => element("tr", {}, [
    element("th", { attributes: { scope: "row" }, textContent: `${WORDS.version} ${each.version}` }),
    element("td", { textContent: WORDS.plan_step[each.step] ?? each.step }),
    element("td", { textContent: each.account }),
    element("td", { className: "number", textContent: String(each.value ?? "") }),
    element("td", {}, editable && each.version !== plan.version ? [button(WORDS.undo, () => restore(each.version), "")] : []),
  ])));
}

function drawActual({ actual }) {
  byId("actual").hidden = !actual;
  if (!actual) return;
  const known = stops();
  byId("actual-summary").textContent = fill(WORDS.actual, { visited: actual.visited, planned: counted("stops", actual.planned), value: rounded(actual.value), of: rounded(actual.planned_value), teams: counted("teams", actual.tracked) });
  byId("actual-rows").replaceChildren(...actual.stops.map((row) => element("tr", { className: `visit-${row.state}` }, [
    element("th", { attributes: { scope: "row" }, textContent: label(known.get(row.stop)) }),
    element("td", { textContent: nameOf(teamOf(row.team)) }),
    element("td", { textContent: `${clock(row.planned_at)} · ${rounded(row.planned_min)}` }),
    element("td", { textContent: row.came_at ? `${clock(row.came_at)} · ${rounded(row.stayed_min)}` : "–" }),
    element("td", { textContent: WORDS.visit_state[row.state] }),
  ])));
}
