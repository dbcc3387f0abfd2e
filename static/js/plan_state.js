// The plan that a page shows: how it is now, how it is changed, and what its parts are called.

import { config } from "./config.js";
import { byId, fill } from "./elements.js";

export const { words: WORDS, editable } = config;
export const COLORS = ["#7fd3c0", "#fdd06a", "#ff9e7a", "#a8c7ff", "#d7a8f5", "#b9e07a", "#ffb3d1", "#8fe3ff", "#e6c29a", "#c9c9ff"];
const url = `/api/plans/${config.plan.id}`;
let plan = config.plan;
let isBusy = false;
let undone = 0;
let redraw = () => {};
export const chosen = { stop: "", team: "" };

export const current = () => plan;
export const busy = () => isBusy;
export const onChange = (draw) => (redraw = draw);
export const draw = () => redraw();

const plurals = new Intl.PluralRules(config.locale);
/** A number of things in words: 1 stop, 2 stops. */
export const counted = (things, count) => fill(WORDS.counts[things][plurals.select(count)] ?? WORDS.counts[things].other, { count });
export const clock = (moment) => moment.slice(11, 16);
export const rounded = (value) => Math.round(value * 10) / 10;
export const nameOf = (row, prefix = "name") => (config.locale === "en" ? row[`${prefix}_en`] || row[`${prefix}_zh`] : row[`${prefix}_zh`] || row[`${prefix}_en`]) || "";

export const stops = () => new Map(plan.content.stops.map((stop) => [stop.code, stop]));
export const teamOf = (code) => plan.content.teams.find((team) => team.code === code);
export const routeOf = (code) => plan.content.result.routes.find(({ visits }) => visits.some(({ stop }) => stop === code));
export const lockOf = (code) => plan.content.locks.find(({ stops: own }) => own.includes(code));
export const worth = (stop) => rounded(Object.values(stop.prize_parts).reduce((sum, part) => sum + part, 0));
export const reasons = (stop) => Object.entries(stop.prize_parts).map(([part, value]) => `${WORDS.prize_part[part] ?? part} ${rounded(value)}`).join(" · ");
export const label = (stop) => [stop.facility ? nameOf(stop.facility) : nameOf(stop, "village"), stop.code].filter(Boolean).join(" · ");

export function problem(text) {
  byId("problem").textContent = text;
  byId("problem").hidden = !text;
}

export async function ask(place, body) {
  const asked = body === undefined ? {} : { method: "POST", body: JSON.stringify(body) };
  try {
    const answer = await fetch(`${url}/${place}`, {
      ...asked,
      headers: { "Content-Type": "application/json", Accept: "application/json", "X-CSRF-Token": config.csrf },
    });
    const told = await answer.json().catch(() => ({}));
    return answer.ok ? { told } : { fault: told.detail || answer.statusText };
  } catch {
    return { fault: WORDS.failed };
  }
}

/** Send a change; the answer is the plan as it is then. */
export async function send(place, body) {
  if (isBusy) return;
  isBusy = true;
  problem("");
  byId("summary").textContent = WORDS.working;
  byId("plan-map").classList.add("is-working");
  const { told, fault } = await ask(place, { version: plan.version, ...body });
  if (told) plan = told;
  else problem(fault);
  isBusy = false;
  byId("plan-map").classList.remove("is-working");
  redraw();
}

export function edit(body) {
  undone = 0;
  return send("edits", body);
}

export const give = (code, team) => (team ? edit({ lock: { [team]: [code] } }) : redraw());

/** Make the version before the one shown the newest again; once more, the one before that. */
export async function undo() {
  const number = (undone || plan.version) - 1;
  if (number < 1) return;
  await send("restore", { number });
  undone = number;
}

export const canUndo = () => editable && (undone || plan.version) > 1;

export async function restore(number) {
  undone = 0;
  await send("restore", { number });
}
