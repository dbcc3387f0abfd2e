// One patrol plan: routes on the map, stops with their reasons, edits that are solved anew, steps, versions.

import { canvasRenderer } from "./canvas_renderer.js";
import { config } from "./config.js";
import { byId, element } from "./elements.js";
import { newId } from "./picture_sending.js";

const { L } = window;
const { words: WORDS, editable } = config;
const COLORS = ["#7fd3c0", "#fdd06a", "#ff9e7a", "#a8c7ff", "#d7a8f5", "#b9e07a", "#ffb3d1", "#8fe3ff", "#e6c29a", "#c9c9ff"];
const CLOSE_ZOOM = 16;
const url = `/api/plans/${config.plan.id}`;
let plan = config.plan;
let chosenStop = "";
let chosenTeam = "";
let isAdding = false;
let isBusy = false;
let isReady = false;

const fill = (text, values) => text.replace(/\{(\w+)\}/g, (whole, name) => String(values[name] ?? whole));
const clock = (moment) => moment.slice(11, 16);
const rounded = (value) => Math.round(value * 10) / 10;
const nameOf = (row, prefix = "name") => (config.locale === "en" ? row[`${prefix}_en`] || row[`${prefix}_zh`] : row[`${prefix}_zh`] || row[`${prefix}_en`]) || "";

const [west, south, east, north] = config.city.bounds;
const map = L.map("plan-map", { attributionControl: false, minZoom: 8, maxZoom: 19 });
map.fitBounds([[south, west], [north, east]], { animate: false });
const shown = { layers: new Set(config.layers.map(({ id }) => id)), opacity: new Map(), ...config.window, night: config.night };
canvasRenderer(map, { onBusy: () => {}, onError: () => {} }).sync(shown);
const drawn = L.layerGroup().addTo(map);

function problem(text) {
  byId("problem").textContent = text;
  byId("problem").hidden = !text;
}

/** Send a change; the answer is the plan as it is then. */
async function send(place, body) {
  if (isBusy) return;
  isBusy = true;
  problem("");
  byId("summary").textContent = WORDS.working;
  byId("plan-map").classList.add("is-working");
  try {
    const answer = await fetch(`${url}/${place}`, {
      method: "POST",
      headers: { "Content-Type": "application/json", Accept: "application/json", "X-CSRF-Token": config.csrf },
      body: JSON.stringify({ version: plan.version, ...body }),
    });
    const told = await answer.json().catch(() => ({}));
    if (answer.ok) plan = told;
    else problem(told.detail || answer.statusText);
  } catch {
    problem(WORDS.failed);
  }
  isBusy = false;
  byId("plan-map").classList.remove("is-working");
  draw();
}

const edit = (body) => send("edits", body);
const stops = () => new Map(plan.content.stops.map((stop) => [stop.code, stop]));
const routeOf = (code) => plan.content.result.routes.find(({ visits }) => visits.some(({ stop }) => stop === code));
const lockOf = (code) => plan.content.locks.find(({ stops: own }) => own.includes(code));
const worth = (stop) => rounded(Object.values(stop.prize_parts).reduce((sum, part) => sum + part, 0));
const reasons = (stop) => Object.entries(stop.prize_parts).map(([part, value]) => `${WORDS.prize_part[part] ?? part} ${value}`).join(" · ");
const label = (stop) => [nameOf(stop, "village"), stop.code].filter(Boolean).join(" · ");
const button = (text, act, className = "button small") => {
  const made = element("button", { type: "button", className, textContent: text });
  made.addEventListener("click", act);
  return made;
};

function draw() {
  drawMap();
  drawTeams();
  drawChosen();
  drawText();
}

function drawMap() {
  drawn.clearLayers();
  const known = stops();
  const visited = new Set();
  plan.content.result.routes.forEach((route, at) => {
    const color = COLORS[at % COLORS.length];
    const faded = chosenTeam && chosenTeam !== route.team;
    if (route.line.length) L.polyline(route.line.map(([lon, lat]) => [lat, lon]), { color, weight: faded ? 2 : 4, opacity: faded ? 0.35 : 0.9 }).addTo(drawn).on("click", () => chooseTeam(route.team));
    route.visits.forEach(({ stop: code, begins_at: begins }, order) => {
      visited.add(code);
      const stop = known.get(code);
      const size = code === chosenStop ? 30 : 22;
      const sign = element("span", { className: "stop-mark", textContent: String(order + 1) });
      sign.style.cssText = `width:${size}px;height:${size}px;background:${color};opacity:${faded ? 0.4 : 1};${lockOf(code) ? "border-color:#c63d2f;" : ""}`;
      const icon = L.divIcon({ html: sign, className: "", iconSize: [size, size] });
      const mark = L.marker([stop.lat, stop.lon], { icon, draggable: editable, title: `${label(stop)} ${clock(begins)}`, keyboard: false }).addTo(drawn);
      mark.on("click", () => chooseStop(code));
      mark.on("dragend", () => give(code, nearestTeam(mark.getLatLng(), code)));
    });
  });
  for (const stop of plan.content.stops) {
    if (visited.has(stop.code)) continue;
    const isDropped = plan.content.dropped.includes(stop.code);
    L.circleMarker([stop.lat, stop.lon], { radius: 4 + Math.sqrt(worth(stop)), color: "#8fa1b3", weight: 1, fillColor: isDropped ? "#c63d2f" : "#8fa1b3", fillOpacity: 0.35 })
      .bindTooltip(`${label(stop)} · ${worth(stop)}`).addTo(drawn).on("click", () => chooseStop(stop.code));
  }
}

/** The team whose route is nearest to where a stop was dragged. */
function nearestTeam(place, code) {
  const spot = map.latLngToLayerPoint(place);
  let best = { distance: Infinity, team: "" };
  for (const { team, line, visits } of plan.content.result.routes) {
    const own = visits.filter(({ stop }) => stop !== code).length;
    for (const [lon, lat] of own ? line : []) {
      const distance = spot.distanceTo(map.latLngToLayerPoint([lat, lon]));
      if (distance < best.distance) best = { distance, team };
    }
  }
  return best.team;
}

const give = (code, team) => (team ? edit({ lock: { [team]: [code] } }) : draw());

function chooseStop(code) {
  chosenStop = code;
  chosenTeam = routeOf(code)?.team ?? "";
  const { lat, lon } = stops().get(code);
  if (!map.getBounds().pad(-0.1).contains([lat, lon])) map.panTo([lat, lon], { animate: false });
  draw();
  byId("plan-map").scrollIntoView({ block: "nearest" });
}

function chooseTeam(team) {
  chosenTeam = chosenTeam === team ? "" : team;
  chosenStop = "";
  const route = plan.content.result.routes.find((each) => each.team === chosenTeam);
  if (route?.line.length) map.fitBounds(L.latLngBounds(route.line.map(([lon, lat]) => [lat, lon])).pad(0.1), { maxZoom: CLOSE_ZOOM, animate: false });
  draw();
}

function drawTeams() {
  const known = stops();
  byId("teams").replaceChildren(...plan.content.teams.map((team) => {
    const at = plan.content.result.routes.findIndex(({ team: code }) => code === team.code);
    const route = plan.content.result.routes[at];
    const isAway = plan.content.absent.includes(team.code);
    const swatch = element("span", { className: "swatch" });
    if (route?.visits.length) swatch.style.setProperty("--swatch", COLORS[at % COLORS.length]);
    const told = isAway ? WORDS.away : !route?.visits.length ? WORDS.stays
      : fill(WORDS.visits, { count: route.visits.length, km: rounded(route.length_m / 1000), time: clock(route.returns_at) });
    const open = element("button", { type: "button", className: "team", attributes: { "aria-pressed": String(chosenTeam === team.code) } }, [swatch, element("b", { textContent: nameOf(team) }), element("span", { className: "hint", textContent: told })]);
    open.addEventListener("click", () => chooseTeam(team.code));
    const parts = [open];
    if (chosenTeam === team.code) {
      parts.push(element("ol", {}, (route?.visits ?? []).map(({ stop, begins_at: begins }) => element("li", {}, [button(`${clock(begins)} ${label(known.get(stop))}`, () => chooseStop(stop), ""), lockOf(stop) ? ` (${WORDS.locked})` : ""]))));
      if (plan.routes[team.code]) parts.push(element("a", { className: "button small", href: `/routes/${plan.routes[team.code]}`, textContent: WORDS.route }), " ");
      if (editable) parts.push(button(isAway ? WORDS.present : WORDS.absent, () => edit({ [isAway ? "present" : "absent"]: [team.code] })));
    }
    return element("li", {}, parts);
  }));
}

function drawChosen() {
  const stop = stops().get(chosenStop);
  byId("chosen").hidden = !stop;
  if (!stop) return;
  const route = routeOf(stop.code);
  const visit = route?.visits.find((each) => each.stop === stop.code);
  const left = plan.content.result.left_out.find((each) => each.stop === stop.code);
  const lines = [element("h2", { textContent: label(stop) }), element("p", { textContent: `${fill(WORDS.prize, { value: worth(stop) })}: ${reasons(stop)}` })];
  if (visit) lines.push(element("p", { textContent: `${clock(visit.begins_at)} – ${clock(visit.leaves_at)} · ${nameOf(plan.content.teams.find(({ code }) => code === route.team))}` }));
  else if (left) lines.push(element("p", { textContent: why(left) }));
  if (editable) lines.push(choicesFor(stop, route));
  byId("chosen").replaceChildren(...lines);
}

function choicesFor(stop, route) {
  const made = [];
  const order = route?.visits.map(({ stop: code }) => code) ?? [];
  const at = order.indexOf(stop.code);
  const moved = (to) => edit({ order: { [route.team]: order.filter((code) => code !== stop.code).toSpliced(to, 0, stop.code) } });
  if (plan.content.dropped.includes(stop.code)) made.push(button(WORDS.restore, () => edit({ restore: [stop.code] })));
  else if (route) made.push(button(WORDS.drop, () => edit({ drop: [stop.code] })));
  if (lockOf(stop.code)) made.push(button(WORDS.release, () => edit({ release: [stop.code] })));
  else if (route) made.push(button(WORDS.lock, () => edit({ lock: { [route.team]: [stop.code] } })));
  if (at > 0) made.push(button(WORDS.earlier, () => moved(at - 1)));
  if (route && at < order.length - 1) made.push(button(WORDS.later, () => moved(at + 1)));
  const select = element("select", { attributes: { "aria-label": WORDS.give } }, [
    element("option", { value: "", textContent: `${WORDS.give} …` }),
    ...plan.content.teams.filter(({ code }) => code !== route?.team && !plan.content.absent.includes(code)).map((team) => element("option", { value: team.code, textContent: nameOf(team) })),
  ]);
  select.addEventListener("change", () => select.value && give(stop.code, select.value));
  return element("div", { className: "choices" }, [...made, select]);
}

function why({ because, team, instead_of: instead, lost }) {
  const known = stops();
  const told = instead.length ? fill(lost < 0 ? WORDS.instead_gain : WORDS.instead, { stops: instead.map((code) => label(known.get(code))).join(", "), lost, gain: -lost }) : "";
  const name = team ? nameOf(plan.content.teams.find(({ code }) => code === team)) : "";
  return [WORDS.left_out[because], name, told].filter(Boolean).join(" ");
}

function drawText() {
  const { result } = plan.content;
  const { idleness } = result;
  byId("state").textContent = WORDS.plan_state[plan.state];
  byId("summary").textContent = fill(WORDS.summary, { stops: result.stop_count, teams: result.team_count, value: rounded(result.value), best: rounded(result.best_value), greedy: rounded(result.greedy_value) });
  const more = [];
  if (idleness.mean_days_without !== null) more.push(fill(WORDS.idleness, { before: rounded(idleness.mean_days_without), after: rounded(idleness.mean_days_with) }));
  if (result.reuse !== null) more.push(fill(WORDS.reuse, { share: Math.round(result.reuse * 100) }));
  if (result.missed_required.length) more.push(fill(WORDS.missed, { stops: result.missed_required.join(", ") }));
  byId("more").textContent = more.join(" · ");
  byId("add").hidden = !editable;
  byId("steps").replaceChildren(...plan.steps.map((step) => button(WORDS.plan_step[step], () => (step !== "withdraw" || window.confirm(WORDS.sure_withdraw)) && send("steps", { step }).then(() => ["closed", "withdrawn"].includes(plan.state) && location.reload()), step === "withdraw" ? "button" : "primary")));
  const known = stops();
  byId("left-out").replaceChildren(...(result.left_out.length ? [] : [element("tr", {}, [element("td", { colSpan: 3, textContent: WORDS.all_in })])]), ...result.left_out.map((reason) => element("tr", {}, [
    element("th", { attributes: { scope: "row" } }, [button(label(known.get(reason.stop)), () => chooseStop(reason.stop), "")]),
    element("td", { className: "number", textContent: String(worth(known.get(reason.stop))) }),
    element("td", { textContent: why(reason) }),
  ])));
  byId("versions").replaceChildren(...plan.versions.map((each) => element("tr", {}, [
    element("th", { attributes: { scope: "row" }, textContent: `${WORDS.version} ${each.version}` }),
    element("td", { textContent: WORDS.plan_step[each.step] ?? each.step }),
    element("td", { textContent: each.account }),
    element("td", { className: "number", textContent: String(each.value ?? "") }),
    element("td", {}, editable && each.version !== plan.version ? [button(WORDS.undo, () => send("restore", { number: each.version }), "")] : []),
  ])));
}

/** Make a copy to try out what if, and open it. */
async function copy() {
  const id = newId();
  try {
    const answer = await fetch(`${url}/copies`, {
      method: "POST",
      headers: { "Content-Type": "application/json", Accept: "application/json", "X-CSRF-Token": config.csrf },
      body: JSON.stringify({ id }),
    });
    if (answer.ok) location.assign(`/plans/${id}`);
    else problem((await answer.json().catch(() => ({}))).detail || answer.statusText);
  } catch {
    problem(WORDS.failed);
  }
}

function setAdding(on) {
  isAdding = on;
  byId("plan-map").classList.toggle("is-adding", on);
  if (on) problem(WORDS.add_hint);
}

byId("copy").addEventListener("click", copy);
byId("add").addEventListener("click", () => setAdding(!isAdding));
map.on("click", ({ latlng }) => {
  if (!isAdding) return;
  setAdding(false);
  edit({ add: [{ lon: latlng.lng, lat: latlng.lat, team: chosenTeam }] });
});
document.addEventListener("keydown", ({ key }) => {
  if (key !== "Escape") return;
  setAdding(false);
  [chosenStop, chosenTeam] = ["", ""];
  problem("");
  draw();
});

const places = plan.content.result.routes.flatMap(({ line }) => line).map(([lon, lat]) => [lat, lon]);
if (places.length) map.fitBounds(L.latLngBounds(places).pad(0.05), { animate: false });
draw();
isReady = true;
window.jingwei = { plan: { map, isReady: () => isReady, isBusy: () => isBusy, current: () => plan } };
