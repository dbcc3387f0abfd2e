// A night played again on a canvas: teams where they were, their ways so far, planned stops.

import { fetchJson } from "./requests.js";
import { fitted } from "./replay_view.js";

const COLORS = { foot: "#7fd3c0", ebike: "#b6a6e9", car: "#f2b5d4" };
const STOP_COLORS = { visited: "#58c4dc", passed: "#fdd06a", missed: "#ff9a4d" };
const LIVE_COLOR = "#ffffff";
const GROUND = "#0b1219";
const root = document.getElementById("replay");
const canvas = root.querySelector("canvas");
const pen = canvas.getContext("2d");
const [play, time, shown, speed] = ["[data-do=play]", "#p-time", "output", "#p-speed"].map((each) => root.querySelector(each));
const clock = new Intl.DateTimeFormat("sv-SE", { timeZone: "Asia/Shanghai", hour: "2-digit", minute: "2-digit", second: "2-digit" });
const state = { night: null, at: 0, playing: false, chosen: null, last: 0, live: new Map() };
let view = null;
// Ways already gone stay on canvases of their own, those of teams that were not chosen on another, paler one: a moment
// later only what was added is drawn.
const ROUND = { lineCap: "round", lineJoin: "round" };
const SHOWN = 0.9;
const PALE = 0.12;
const ways = [SHOWN, PALE].map((alpha) => ({ alpha, brush: document.createElement("canvas").getContext("2d") }));
let waysUpTo = Infinity;

function line(points, by = pen) {
  by.beginPath();
  points.forEach(([x, y], number) => (number ? by.lineTo(x, y) : by.moveTo(x, y)));
}

function drawOutlines() {
  pen.strokeStyle = "rgb(148 176 204 / 28%)";
  pen.fillStyle = "rgb(148 176 204 / 5%)";
  Object.assign(pen, { lineWidth: 1, ...ROUND });
  for (const { type, coordinates } of state.night.outlines) {
    for (const polygon of type === "Polygon" ? [coordinates] : coordinates) {
      for (const ring of polygon) {
        line(ring.map(([lon, lat]) => view.toScreen(lon * state.night.units, lat * state.night.units)));
        pen.fill();
        pen.stroke();
      }
    }
  }
}

function drawStop(stop) {
  const [x, y] = view.toScreen(stop.lon, stop.lat);
  pen.fillStyle = GROUND;
  pen.fillRect(x - 7, y - 7, 14, 14);
  pen.lineWidth = 2.5;
  pen.fillStyle = pen.strokeStyle = STOP_COLORS[stop.state];
  if (stop.state === "missed") pen.strokeRect(x - 4, y - 4, 8, 8);
  else pen.fillRect(x - 5, y - 5, 10, 10);
}

const colorOf = ({ mode }) => COLORS[mode] ?? COLORS.foot;
const isShown = ({ id, team }) => !state.chosen || state.chosen === id || team === chosenTeam();
const paintFor = (patrol, by) => Object.assign(by, { strokeStyle: colorOf(patrol), lineWidth: state.chosen === patrol.id ? 3 : 1.6, ...ROUND });

/** Let a pen draw in the canvas's own pixels of the page. */
function scaled(by) {
  const ratio = canvas.width / Math.max(canvas.clientWidth, 1);
  by.setTransform(ratio, 0, 0, ratio, 0, 0);
}

function clearWays() {
  for (const { brush } of ways) {
    Object.assign(brush.canvas, { width: canvas.width, height: canvas.height });
    scaled(brush);
  }
  waysUpTo = -1;
  for (const { pieces } of state.night.patrols) for (const piece of pieces) piece.reached = 0;
}

/** Add the ways gone since the moment they were drawn up to. */
function addWays() {
  if (state.at < waysUpTo) clearWays();
  waysUpTo = state.at;
  for (const patrol of state.night.patrols) {
    const { brush } = ways[isShown(patrol) ? 0 : 1];
    paintFor(patrol, brush);
    for (const piece of patrol.pieces) {
      let next = piece.reached;
      while (next + 1 < piece.length && piece[next + 1][0] <= state.at) next += 1;
      if (next === piece.reached) continue;
      line(piece.slice(piece.reached, next + 1).map(([, x, y]) => view.toScreen(x, y)), brush);
      brush.stroke();
      piece.reached = next;
    }
  }
}

/** Draw where a team is, between two fixes of one piece, and its way since the last fix; elsewhere it is unknown. */
function drawPatrol(patrol) {
  const piece = patrol.pieces.find((each) => state.at >= each[0][0] && state.at <= each.at(-1)[0]);
  if (!piece) return;
  const from = piece[piece.reached];
  const to = piece[piece.reached + 1] ?? from;
  const share = to[0] > from[0] ? (state.at - from[0]) / (to[0] - from[0]) : 0;
  const [last, here] = [0, share].map((gone) => view.toScreen(...[1, 2].map((axis) => from[axis] + gone * (to[axis] - from[axis]))));
  paintFor(patrol, pen);
  pen.globalAlpha = isShown(patrol) ? SHOWN : PALE;
  line([last, here]);
  pen.stroke();
  dot(...here, colorOf(patrol));
}

function dot(x, y, color) {
  pen.beginPath();
  pen.arc(x, y, 6, 0, 2 * Math.PI);
  pen.fillStyle = color;
  pen.fill();
  pen.lineWidth = 2;
  pen.strokeStyle = GROUND;
  pen.stroke();
}

function draw() {
  if (!view) return;
  scaled(pen);
  pen.clearRect(0, 0, canvas.clientWidth, canvas.clientHeight);
  drawOutlines();
  addWays();
  pen.setTransform(1, 0, 0, 1, 0, 0);
  for (const { alpha, brush } of canvas.width && canvas.height ? ways : []) {
    pen.globalAlpha = alpha;
    pen.drawImage(brush.canvas, 0, 0);
  }
  scaled(pen);
  state.night.patrols.forEach(drawPatrol);
  pen.globalAlpha = 1;
  state.night.stops.filter(({ team }) => !state.chosen || team === chosenTeam()).forEach(drawStop);
  for (const { lon, lat } of state.live.values()) dot(...view.toScreen(lon * state.night.units, lat * state.night.units), LIVE_COLOR);
  shown.textContent = clock.format(new Date((state.night.began + state.at) * 1000));
  time.value = String(state.at);
  time.setAttribute("aria-valuetext", shown.textContent);
}

function drawAnew() {
  clearWays();
  draw();
}

const chosenTeam = () => state.night.patrols.find(({ id }) => id === state.chosen)?.team;

function tick(now) {
  if (!state.playing) return;
  state.at = Math.min(state.at + ((now - state.last) / 1000) * Number(speed.value), state.night.lasts);
  state.last = now;
  if (state.at >= state.night.lasts) setPlaying(false);
  draw();
  requestAnimationFrame(tick);
}

function setPlaying(isPlaying) {
  state.playing = isPlaying;
  play.textContent = isPlaying ? root.dataset.pause : root.dataset.play;
  if (!isPlaying) return;
  if (state.at >= state.night.lasts) state.at = 0;
  state.last = performance.now();
  requestAnimationFrame(tick);
}

function listTeams() {
  const list = root.querySelector(".teams");
  const entries = [{ id: null, team: root.dataset.all, words: String(state.night.patrols.length) }];
  for (const { id, team } of state.night.patrols) {
    const stops = state.night.stops.filter((stop) => stop.team === team);
    const visited = stops.filter((stop) => stop.state === "visited").length;
    entries.push({ id, team, words: (stops.length === 1 ? root.dataset.stop : root.dataset.stops).replace("{visited}", visited).replace("{planned}", stops.length) });
  }
  for (const { id, team, words } of entries) {
    const button = Object.assign(document.createElement("button"), { type: "button", className: "team" });
    const figure = Object.assign(document.createElement("span"), { textContent: words });
    button.append(document.createTextNode(team), figure);
    button.setAttribute("aria-pressed", String(id === null));
    button.addEventListener("click", () => {
      state.chosen = id;
      list.querySelectorAll("button").forEach((each) => each.setAttribute("aria-pressed", String(each === button)));
      drawAnew();
    });
    list.append(button);
  }
}

function followLive() {
  const source = new EventSource("/api/events");
  source.addEventListener("positions", (event) => {
    for (const position of JSON.parse(event.data)) state.live.set(position.patrol, position);
    draw();
  });
  source.addEventListener("end", () => source.close());
}

async function begin() {
  const status = root.querySelector("[role=status]");
  try {
    state.night = await fetchJson(root.dataset.address);
  } catch (problem) {
    status.textContent = problem.message;
    return;
  }
  status.textContent = state.night.patrols.length ? "" : root.dataset.none;
  time.max = String(Math.max(state.night.lasts, 1));
  state.at = state.night.lasts;
  view = fitted(canvas, state.night, drawAnew);
  listTeams();
  drawAnew();
  play.addEventListener("click", () => setPlaying(!state.playing));
  time.addEventListener("input", () => {
    state.at = Number(time.value);
    draw();
  });
  if (root.dataset.live) followLive();
  root.dataset.ready = "yes";
}

begin();
