// The wall: a map that takes turns between scenes, beside it what needs somebody. Nobody touches it, so it looks after itself.

import { canvasRenderer } from "./canvas_renderer.js";
import { chosenRenderer } from "./capabilities.js";
import { config, words } from "./config.js";
import { byId } from "./elements.js";
import { glRenderer } from "./gl_renderer.js";
import { errors, noteError } from "./page_errors.js";
import { drawn } from "./paint.js";
import { PlaceLabels } from "./place_labels.js";
import { drawDuty, drawFigures } from "./wall_figures.js";
import { AlertFeed, NewsFeed } from "./wall_feed.js";
import { startKeys } from "./wall_keys.js";
import { followEvents } from "./wall_link.js";
import { startMarks } from "./wall_marks.js";
import { Carousel, stateOf } from "./wall_scenes.js";
import { sound } from "./wall_sound.js";
import { fetchJson } from "./requests.js";

const { L } = window;
const FIGURES_MS = 60000;
const LEAST_BETWEEN_READS_MS = 10000;
const LEAST_BETWEEN_TILES_MS = 30000;
const FADE_MS = 450;
const LONGEST_DRAW_MS = 6000;
const PADDING_SHARE = 0.03;
const OLD_MS = 20 * 3600000;
const FULL_BYTES = 700e6;
const QUIET_HOUR = 4;
const RELOAD_LOOK_MS = 60000;

const LARGER = 1.75;

const map = window[byId("jingwei-config").dataset.map];
const [west, south, east, north] = config.city.bounds;
const cityBounds = L.latLngBounds([south, west], [north, east]);
const wall = byId("wall");
const counts = { events: 0, reads: 0, draws: 0, connections: 0 };
const loadedAt = Date.now();
let state = null;
let asOf = Date.parse(config.wall.as_of);
let clockAhead = asOf - Date.now();
let readAt = 0;
let readTimer = 0;
let tilesAt = 0;
let tilesTimer = 0;

drawn.scale = (LARGER * Math.min(innerHeight, innerWidth * (innerWidth > innerHeight ? 0.5625 : 1))) / 1080;
drawn.scale = Math.max(drawn.scale, 1);
map.options.zoomSnap = 0.25;
map.setMinZoom(6).setMaxZoom(19);
for (const handler of [map.dragging, map.scrollWheelZoom, map.doubleClickZoom, map.boxZoom, map.keyboard, map.touchZoom]) handler?.disable();
map.fitBounds(cityBounds, { animate: false });

function startRenderer() {
  const telling = { onBusy: () => {}, onError: noteError };
  if (chosenRenderer() === "gl") {
    try {
      return glRenderer(map, telling);
    } catch (error) {
      noteError(error);
    }
  }
  return canvasRenderer(map, telling);
}

const renderer = startRenderer();
const labels = config.layers.filter((layer) => layer.paint.kind === "label" && layer.inlineUrl).map((layer) => {
  const names = new PlaceLabels(layer);
  names.ready.catch(noteError);
  return { id: layer.id, names };
});
const marks = startMarks(map);
const alerts = new AlertFeed((alert) => sound(alert.level));
const news = new NewsFeed();

async function draw() {
  counts.draws += 1;
  tilesAt = Date.now();
  for (const { id, names } of labels) {
    if (state.layers.has(id)) names.addTo(map);
    else names.remove();
  }
  await renderer.sync(state);
}

const still = matchMedia("(prefers-reduced-motion: reduce)");
let showing = Promise.resolve();

/** Fade to a scene: out, move, draw, in. */
function show(scene) {
  showing = showing.then(async () => {
    const container = map.getContainer();
    if (!still.matches && state) {
      container.classList.add("fading");
      await pause(FADE_MS);
    }
    state = stateOf(scene);
    place(scene.view);
    await draw().catch(noteError);
    const end = Date.now() + LONGEST_DRAW_MS;
    while (!renderer.isIdle() && Date.now() < end) await pause(50);
    container.classList.remove("fading");
  });
}

const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

function place({ bounds, center }) {
  const room = Math.round(Math.min(map.getSize().x, map.getSize().y) * PADDING_SHARE);
  const fitted = { animate: false, padding: [room, room] };
  if (bounds) map.fitBounds([[bounds[1], bounds[0]], [bounds[3], bounds[2]]], fitted);
  else if (center) map.setView([center.lat, center.lon], center.zoom, { animate: false });
  else map.fitBounds(cityBounds, fitted);
}

const carousel = new Carousel(show);

function take(shown) {
  asOf = Date.parse(shown.as_of);
  drawFigures(shown.figures);
  drawDuty(shown.roster);
  alerts.replace(shown.alerts);
  carousel.replace(shown.scenes);
  tellAsOf();
}

async function read() {
  readTimer = 0;
  readAt = Date.now();
  counts.reads += 1;
  try {
    const shown = await fetchJson(config.urls.wall);
    clockAhead = Date.parse(shown.now) - Date.now();
    if (shown.release !== config.wall.release) location.reload();
    take(shown);
  } catch (error) {
    if (error.status === 401 || error.status === 403) location.assign(`/login?next=${encodeURIComponent("/wall")}`);
  }
}

/** Read everything again, soon, however often it is asked for. */
function readSoon(least = LEAST_BETWEEN_READS_MS) {
  if (!readTimer) readTimer = setTimeout(read, Math.max(least - (Date.now() - readAt), 0));
}

function redrawSoon() {
  if (!tilesTimer) {
    tilesTimer = setTimeout(() => {
      tilesTimer = 0;
      config.dataVersion = `${config.dataVersion.split(".")[0]}.${Date.now()}`;
      showing = showing.then(draw).catch(noteError);
    }, Math.max(LEAST_BETWEEN_TILES_MS - (Date.now() - tilesAt), 0));
  }
}

function obey({ number, scene, paused }) {
  if (number === config.wall.obeyed) return;
  config.wall.obeyed = number;
  if (scene) carousel.goTo(scene);
  carousel.pause(paused);
}

function tellAsOf() {
  const moment = secondFormat.format(new Date(asOf));
  byId("as-of").textContent = words(wall.dataset.state === "stale" ? "wall_stale" : "wall_as_of", { moment });
}

const heard = {
  hazard(event) {
    news.add(event);
    marks.ring(event);
  },
  alert: (alert) => alerts.take(alert),
  alerts: () => readSoon(0),
  scenes: () => readSoon(0),
  wall: obey,
};
const link = followEvents(config.urls.events, {
  event(name, data) {
    counts.events += 1;
    asOf = Date.now() + clockAhead;
    heard[name](data);
  },
  positions: (list) => marks.move(list),
  data() {
    readSoon();
    redrawSoon();
  },
  back() {
    counts.connections += 1;
    readSoon(counts.connections > 1 ? 0 : LEAST_BETWEEN_READS_MS);
  },
  state(now) {
    wall.dataset.state = now;
    document.documentElement.dataset.wallState = now;
    if (now === "fresh") asOf = Math.max(asOf, Date.now() + clockAhead);
    tellAsOf();
  },
  end: () => readSoon(0),
});

const zone = { timeZone: "Asia/Shanghai" };
const minuteFormat = new Intl.DateTimeFormat("sv-SE", { ...zone, hour: "2-digit", minute: "2-digit" });
const secondFormat = new Intl.DateTimeFormat("sv-SE", { ...zone, hour: "2-digit", minute: "2-digit", second: "2-digit" });
const dateFormat = new Intl.DateTimeFormat(config.locale === "en" ? "en-GB" : "zh-CN", { ...zone, weekday: config.locale === "en" ? "short" : "long", day: "numeric", month: config.locale === "en" ? "short" : "long" });
const hourFormat = new Intl.DateTimeFormat("en-GB", { ...zone, hour: "numeric", hourCycle: "h23" });

function tick() {
  const now = new Date(Date.now() + clockAhead);
  const [time, day] = [minuteFormat.format(now), dateFormat.format(now)];
  if (byId("clock-time").textContent !== time) byId("clock-time").textContent = time;
  if (byId("clock-date").textContent !== day) byId("clock-date").textContent = day;
  // While the stream lives, what is shown is as of now: the server tells of every change.
  if (wall.dataset.state === "fresh" && Date.now() + clockAhead - asOf > 5000) asOf = Date.now() + clockAhead;
  tellAsOf();
}

/** Begin anew once a night, or when memory fills, but only while the server answers: a wall must never show an error. */
async function reloadWhenDue() {
  const isOld = Date.now() - loadedAt > OLD_MS && Number(hourFormat.format(new Date(Date.now() + clockAhead))) === QUIET_HOUR;
  const isFull = (performance.memory?.usedJSHeapSize ?? 0) > FULL_BYTES;
  if (!isOld && !isFull) return;
  if (await fetchJson(config.urls.wall).then(() => true, () => false)) location.reload();
}

take(config.wall);
if (config.wall.command.number && config.wall.command.paused) obey(config.wall.command);
config.wall.obeyed = config.wall.command.number;
tick();
setInterval(tick, 1000);
setInterval(() => readSoon(0), FIGURES_MS);
setInterval(reloadWhenDue, RELOAD_LOOK_MS);
startKeys(carousel);
let resizing = 0;
addEventListener("resize", () => {
  clearTimeout(resizing);
  resizing = setTimeout(() => {
    map.invalidateSize();
    place(carousel.current.view);
    alerts.draw();
    news.draw();
  }, 300);
});

/** For tests and measurements. */
window.jingwei = {
  map,
  renderer: renderer.name,
  errors,
  counts,
  carousel,
  get state() { return wall.dataset.state; },
  get marks() { return marks.count; },
  get lastId() { return link.lastId; },
  isReady: () => state !== null && renderer.isIdle() && !map.getContainer().classList.contains("fading"),
  async whenReady() {
    await showing;
    do await pause(50);
    while (!this.isReady());
    return true;
  },
};
