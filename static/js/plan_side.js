// Beside the map: the teams with their stops, and what can be done with the stop or team that is chosen.

import { byId, element, fill } from "./elements.js";
import { chooseStop, chooseTeam } from "./plan_map.js";
import { ask, chosen, clock, COLORS, counted, current, edit, editable, give, label, lockOf, nameOf, reasons, rounded, routeOf, stops, teamOf, worth, WORDS } from "./plan_state.js";

let asked = 0;

export const button = (text, act, className = "button small") => {
  const made = element("button", { type: "button", className, textContent: text });
  made.addEventListener("click", act);
  return made;
};

export function drawTeams() {
  const { content, routes } = current();
  byId("teams").replaceChildren(...content.teams.map((team) => {
    const at = content.result.routes.findIndex(({ team: code }) => code === team.code);
    const route = content.result.routes[at];
    const isAway = content.absent.includes(team.code);
    const swatch = element("span", { className: "swatch" });
    if (route?.visits.length) swatch.style.setProperty("--swatch", COLORS[at % COLORS.length]);
    const told = isAway ? WORDS.away : !route?.visits.length ? WORDS.stays
      : fill(WORDS.visits, { stops: counted("stops", route.visits.length), km: rounded(route.length_m / 1000), time: clock(route.returns_at) });
    const open = element("button", { type: "button", className: "team", attributes: { "aria-pressed": String(chosen.team === team.code) } }, [swatch, element("b", { textContent: nameOf(team) }), element("span", { className: "hint", textContent: [team.is_extra ? WORDS.extra : "", told].filter(Boolean).join(" · ") })]);
    open.addEventListener("click", () => chooseTeam(team.code));
    return element("li", {}, chosen.team === team.code ? [open, ...teamChoices(team, route, { isAway, sheet: routes[team.code] })] : [open]);
  }));
}

function teamChoices(team, route, { isAway, sheet }) {
  const known = stops();
  const parts = [element("ol", {}, (route?.visits ?? []).map(({ stop, begins_at: begins }) => element("li", {}, [button(`${clock(begins)} ${label(known.get(stop))}`, () => chooseStop(stop), ""), lockOf(stop) ? ` (${WORDS.locked})` : ""])))];
  if (sheet) {
    parts.push(element("a", { className: "button small", href: `/routes/${sheet}`, textContent: WORDS.route }), " ");
    parts.push(element("a", { className: "button small", href: `/routes/${sheet}/sheet.pdf`, textContent: "PDF" }), " ");
  }
  if (!editable) return parts;
  parts.push(button(isAway ? WORDS.present : WORDS.absent, () => edit({ [isAway ? "present" : "absent"]: [team.code] })), " ");
  parts.push(button(WORDS.one_more, () => edit({ extra: [{ like: team.code }] })));
  parts.push(field(WORDS.skills, (team.skills ?? []).join(", "), (text) => edit({ team_skills: { [team.code]: text.split(/[,，、]/).map((each) => each.trim()).filter(Boolean) } })));
  return parts;
}

/** A small field that is sent when it was changed. */
function field(name, value, send, attributes = {}) {
  const input = element("input", { value, attributes });
  input.addEventListener("change", () => input.checkValidity() && send(input.value));
  return element("label", { className: "small-field" }, [element("span", { textContent: name }), input]);
}

export function drawChosen() {
  const stop = stops().get(chosen.stop);
  byId("chosen").hidden = !stop;
  if (!stop) return;
  const route = routeOf(stop.code);
  const visit = route?.visits.find((each) => each.stop === stop.code);
  const left = current().content.result.left_out.find((each) => each.stop === stop.code);
  const lines = [element("h2", { textContent: label(stop) }), element("p", { textContent: `${fill(WORDS.prize, { value: worth(stop) })}: ${reasons(stop)}` })];
  if (visit) lines.push(element("p", { textContent: `${clock(visit.begins_at)} – ${clock(visit.leaves_at)} · ${nameOf(teamOf(route.team))}` }));
  else if (left) lines.push(element("p", { textContent: why(left) }));
  if (editable) lines.push(choicesFor(stop, route), conditionFields(stop));
  byId("chosen").replaceChildren(...lines);
}

function choicesFor(stop, route) {
  const made = [];
  const order = route?.visits.map(({ stop: code }) => code) ?? [];
  const at = order.indexOf(stop.code);
  const { content } = current();
  const moved = (to) => edit({ order: { [route.team]: order.filter((code) => code !== stop.code).toSpliced(to, 0, stop.code) } });
  if (content.dropped.includes(stop.code)) made.push(button(WORDS.restore, () => edit({ restore: [stop.code] })));
  else if (route) made.push(button(WORDS.drop, () => edit({ drop: [stop.code] })));
  if (lockOf(stop.code)) made.push(button(WORDS.release, () => edit({ release: [stop.code] })));
  else if (route) made.push(button(WORDS.lock, () => edit({ lock: { [route.team]: [stop.code] } })));
  if (at > 0) made.push(button(WORDS.earlier, () => moved(at - 1)));
  if (route && at < order.length - 1) made.push(button(WORDS.later, () => moved(at + 1)));
  const others = content.teams.filter(({ code }) => code !== route?.team && !content.absent.includes(code));
  const select = element("select", { attributes: { "aria-label": WORDS.give } }, [
    element("option", { value: "", textContent: `${WORDS.give} …` }),
    ...others.map((team) => element("option", { value: team.code, textContent: nameOf(team) })),
  ]);
  select.addEventListener("change", () => select.value && give(stop.code, select.value));
  tellWhoFits(stop, select);
  return element("div", { className: "choices" }, [...made, select]);
}

/** Write beside each team what the stop would add to its route, or that it does not fit: asked at once, nothing is solved. */
async function tellWhoFits(stop, select) {
  const own = ++asked;
  const { told } = await ask(`fits/${stop.code}`);
  if (!told || own !== asked) return;
  for (const option of select.options) {
    if (!(option.value in told)) continue;
    const minutes = told[option.value];
    const name = nameOf(teamOf(option.value));
    option.textContent = `${name} · ${minutes === null ? WORDS.no_room : fill(WORDS.adds, { minutes: Math.round(minutes) })}`;
  }
}

function conditionFields(stop) {
  const windows = (stop.windows ?? []).map((pair) => pair.map(clock).join("-")).join(";");
  return element("div", { className: "conditions" }, [
    field(WORDS.dwell, String(stop.dwell_s / 60), (text) => edit({ dwell: { [stop.code]: Number(text) } }), { type: "number", min: "1", max: "240", required: "" }),
    field(WORDS.windows, windows, (text) => edit({ windows: { [stop.code]: text } }), { placeholder: "20:00-21:00" }),
    field(WORDS.skill, stop.skill ?? "", (text) => edit({ skill: { [stop.code]: text } })),
  ]);
}

export function why({ because, team, instead_of: instead, lost, added_min: added }) {
  const known = stops();
  const told = instead.length ? fill(lost < 0 ? WORDS.instead_gain : WORDS.instead, { stops: instead.map((code) => label(known.get(code))).join(", "), lost: rounded(lost), gain: rounded(-lost) }) : "";
  const time = added === null ? "" : fill(WORDS.added, { minutes: Math.round(added) });
  return [WORDS.left_out[because], team ? nameOf(teamOf(team)) : "", told, time].filter(Boolean).join(" · ");
}
