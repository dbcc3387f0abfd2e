// The other language without loading the page anew: the server's words and titles, then every text that names its key.

import { config, takeConfig, words } from "./config.js";
import { byId, element } from "./elements.js";
import { fetchJson } from "./requests.js";

/** Make the switch of language work; where the server does not answer, the page is loaded anew. */
export function startLanguage() {
  const link = byId("other-language");
  const addressOf = (locale) => {
    const address = new URL(location.href);
    address.searchParams.set("lang", locale);
    return address.href;
  };
  link.addEventListener("click", async (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    const locale = config.locale === "en" ? "zh" : "en";
    try {
      const next = await fetchJson(`/api/map?lang=${locale}`);
      // What the page was opened with stays: days and nights are those of its own beginning.
      const { strings, city, groups, layers, member, basemaps } = next;
      history.replaceState(null, "", addressOf(locale));
      takeConfig({ locale, strings, city, groups, layers, member, basemaps });
    } catch {
      location.assign(addressOf(locale));
    }
  });
  document.addEventListener("wordschange", writePage);
}

function writePage() {
  document.documentElement.lang = config.locale;
  document.title = `${config.city.name} · ${words("product")}`;
  for (const node of document.querySelectorAll("[data-word]")) node.textContent = config.strings[node.dataset.word];
  for (const node of document.querySelectorAll("[data-label]")) {
    node.setAttribute("aria-label", config.strings[node.dataset.label]);
    if (node.title) node.title = config.strings[node.dataset.label];
    if (node.placeholder) node.placeholder = config.strings[node.dataset.label];
  }
  const { name, area, synthetic } = config.city;
  document.querySelector(".brand-city").textContent = area ? `${name} · ${area}` : name;
  if (synthetic) document.querySelector(".synthetic").title = words("synthetic_hint");
  document.querySelector("#tab-home span").textContent = area || words("home");
  byId("other-language").lang = config.locale === "en" ? "zh" : "en";
  const pages = document.querySelector(".member-menu ul");
  pages?.replaceChildren(...config.member.pages.map((page) => element("li", {}, [element("a", { href: page.place, textContent: page.name })])));
}
