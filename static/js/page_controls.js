// What surrounds the map: panels, keys, help, copying the link, print, language.

import { config, words } from "./config.js";
import { byId } from "./elements.js";

const TOAST_MS = 3200;
let hiding = 0;

/** Show a short sentence for a moment. */
export function say(sentence) {
  byId("toast").textContent = sentence;
  byId("toast").hidden = false;
  clearTimeout(hiding);
  hiding = setTimeout(() => (byId("toast").hidden = true), TOAST_MS);
}

/** Make buttons and keys work. */
export function startPageControls(map, { goHome, stepNight, closeDetails, rendererName, viewState, tools }) {
  const sheets = { "layers-open": "tab-layers", "time-open": "tab-time", "tools-open": "tab-tools" };
  const toggle = (name, on) => {
    const open = document.body.classList.toggle(name, on);
    if (open) for (const other of Object.keys(sheets)) if (other !== name) document.body.classList.remove(other);
    for (const [sheet, tab] of Object.entries(sheets)) document.getElementById(tab)?.setAttribute("aria-expanded", String(document.body.classList.contains(sheet)));
  };
  const help = byId("help");
  const noteRenderer = () => (byId("renderer-note").textContent = words(`renderer_${rendererName}`));
  noteRenderer();
  document.addEventListener("wordschange", noteRenderer);

  const clicks = {
    "open-layers": () => document.body.classList.remove("layers-hidden"),
    "close-layers": () => {
      toggle("layers-open", false);
      document.body.classList.add("layers-hidden");
    },
    "tab-layers": () => {
      document.body.classList.remove("layers-hidden");
      toggle("layers-open");
      closeDetails();
      tools.close();
    },
    "tab-tools": () => {
      toggle("tools-open");
      closeDetails();
      tools.close();
    },
    "tab-time": () => {
      toggle("time-open");
      closeDetails();
      tools.close();
    },
    "close-time": () => toggle("time-open", false),
    "tab-home": goHome,
    "home-view": goHome,
    "zoom-in": () => map.zoomIn(),
    "zoom-out": () => map.zoomOut(),
    "open-member": () => showMember(byId("member-menu").hidden),
    "open-help": () => help.showModal(),
    "close-help": () => help.close(),
    "print-page": () => window.print(),
    "copy-link": () => copyLink(viewState.sharedAddress),
    "search-open": () => {
      document.body.classList.toggle("searching");
      byId("search-input").focus();
    },
  };
  // A map that was exported, or shown to a screen, has no member's menu.
  for (const [id, act] of Object.entries(clicks)) document.getElementById(id)?.addEventListener("click", act);
  document.addEventListener("click", (event) => event.target.closest(".member") || showMember(false));

  const keys = {
    ...tools.keys,
    "/": () => clicks["search-open"](),
    "?": () => help.showModal(),
    l: () => document.body.classList.toggle("layers-hidden"),
    h: goHome,
    "[": () => stepNight(-1),
    "]": () => stepNight(1),
    Escape: () => {
      showMember(false);
      if (byId("details-panel").hidden) tools.close();
      closeDetails();
      toggle("tools-open", false);
      toggle("layers-open", false);
      toggle("time-open", false);
    },
  };
  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest("input:not([type=checkbox]):not([type=range]), select, textarea, dialog[open]");
    if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
    const act = keys[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (!act) return;
    event.preventDefault();
    act();
  });
  addEventListener("beforeprint", () => {
    byId("print-line").textContent = [config.city.name, byId("window-from").value, "–", byId("window-to").value, byId("night-choice").value].join("  ");
  });
}

function showMember(open) {
  if (!document.getElementById("member-menu")) return;
  byId("member-menu").hidden = !open;
  byId("open-member").setAttribute("aria-expanded", String(open));
}

/** Copy an address and say so. */
export async function copyLink(address) {
  try {
    await navigator.clipboard.writeText(address);
    say(words("link_copied"));
  } catch {
    say(words("link_not_copied"));
  }
}
