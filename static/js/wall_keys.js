// The wall's keys: those of a keyboard, and those a television's remote control sends.

import { config, words } from "./config.js";
import { byId, element } from "./elements.js";
import { isOn, toggleSound } from "./wall_sound.js";

const THEME_KEY = "wall-theme";
const SAID_MS = 2500;

/** Take the look that the address names, or the one chosen here before; dark is the usual one. */
function startTheme() {
  const wanted = new URLSearchParams(location.search).get("theme");
  if (wanted === "light" || wanted === "dark") localStorage.setItem(THEME_KEY, wanted);
  document.documentElement.dataset.theme = localStorage.getItem(THEME_KEY) ?? "dark";
}

function otherTheme() {
  localStorage.setItem(THEME_KEY, document.documentElement.dataset.theme === "light" ? "dark" : "light");
  document.documentElement.dataset.theme = localStorage.getItem(THEME_KEY);
}

let said = null;

function say(text) {
  said?.remove();
  said = element("p", { className: "wall-said", textContent: text, attributes: { role: "status" } });
  document.body.append(said);
  const mine = said;
  setTimeout(() => mine.remove(), SAID_MS);
}

function otherLanguage() {
  const query = new URLSearchParams(location.search);
  query.set("lang", config.locale === "en" ? "zh" : "en");
  location.search = query;
}

function fullScreen() {
  if (document.fullscreenElement) document.exitFullscreen();
  else document.documentElement.requestFullscreen().catch(() => {});
}

/** Listen to the keys. */
export function startKeys(carousel) {
  startTheme();
  const help = byId("wall-help");
  const pausing = () => {
    carousel.pause(!carousel.paused);
    say(words(carousel.paused ? "wall_paused" : "wall_goes_on"));
  };
  const acts = {
    ArrowRight: () => carousel.step(1),
    ArrowLeft: () => carousel.step(-1),
    MediaTrackNext: () => carousel.step(1),
    MediaTrackPrevious: () => carousel.step(-1),
    " ": pausing,
    MediaPlayPause: pausing,
    Enter: pausing,
    t: otherTheme,
    s: () => say(words(toggleSound() ? "wall_sound_on" : "wall_sound_off")),
    f: fullScreen,
    l: otherLanguage,
    "?": () => (help.open ? help.close() : help.showModal()),
  };
  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const act = acts[event.key] ?? acts[event.key.toLowerCase()];
    const digit = /^[1-9]$/.test(event.key) ? Number(event.key) - 1 : -1;
    if (digit >= 0 && digit < carousel.count) carousel.go(digit);
    else if (act) act();
    else return;
    event.preventDefault();
  });
  return { isOn };
}
