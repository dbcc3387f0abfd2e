// Search by place name: a list under the box, driven by keys or pointer.

import { config, words } from "./config.js";
import { byId, debounced, element } from "./elements.js";
import { fetchJson } from "./requests.js";

const QUIET_MS = 180;

/** Make the search box work; `goTo(place)` moves the map. */
export function startSearch(goTo) {
  const input = byId("search-input");
  const list = byId("search-results");
  const note = byId("search-note");
  let results = [];
  let chosen = -1;
  let running = null;

  function close() {
    results = [];
    chosen = -1;
    list.hidden = note.hidden = true;
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
  }

  function say(sentence) {
    close();
    note.textContent = sentence;
    note.hidden = false;
  }

  function choose(position) {
    if (!results.length) return;
    chosen = (position + results.length) % results.length;
    [...list.children].forEach((option, n) => option.setAttribute("aria-selected", String(n === chosen)));
    input.setAttribute("aria-activedescendant", `place-${chosen}`);
    list.children[chosen].scrollIntoView({ block: "nearest" });
  }

  function take(place) {
    input.value = place.name;
    close();
    document.body.classList.remove("searching");
    goTo(place);
  }

  function show() {
    list.replaceChildren(...results.map((place, n) => option(place, n, () => take(place))));
    list.hidden = false;
    note.hidden = true;
    input.setAttribute("aria-expanded", "true");
    choose(0);
  }

  async function ask() {
    const question = input.value.trim();
    running?.abort();
    if (!question) return close();
    running = new AbortController();
    const { signal } = running;
    try {
      const answer = await fetchJson(`${config.urls.search}?q=${encodeURIComponent(question)}`, signal);
      if (signal.aborted) return undefined;
      results = answer.results;
      return results.length ? show() : say(words("search_none", { words: question }));
    } catch {
      return signal.aborted ? undefined : say(words("search_failed"));
    }
  }

  input.addEventListener("input", debounced(ask, QUIET_MS));
  input.addEventListener("focus", () => input.value && !results.length && ask());
  input.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      choose(chosen + (event.key === "ArrowDown" ? 1 : -1));
    } else if (event.key === "Enter" && results[chosen]) {
      take(results[chosen]);
    } else if (event.key === "Escape") {
      if (list.hidden && note.hidden) input.blur();
      close();
      document.body.classList.remove("searching");
    }
  });
  document.addEventListener("pointerdown", (event) => byId("search").contains(event.target) || close());
}

function option(place, position, take) {
  const where = [place.kindTitle, place.parent].filter(Boolean).join(" · ");
  const made = element("li", { id: `place-${position}`, className: "search-result", attributes: { role: "option", "aria-selected": "false" } }, [
    element("span", { className: "search-name", textContent: place.name }),
    element("span", { className: "search-where", textContent: where }),
  ]);
  made.addEventListener("pointerdown", (event) => {
    event.preventDefault();
    take();
  });
  return made;
}
