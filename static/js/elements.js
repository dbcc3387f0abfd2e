// Elements made from code. Text always goes in as text, never as markup.

import { config } from "./config.js";

export const byId = (id) => document.getElementById(id);

/** Make an element; `properties` are set on it, `attributes` as attributes, children appended as nodes or text. */
export function element(tag, properties = {}, children = []) {
  const { attributes = {}, ...rest } = properties;
  const made = Object.assign(document.createElement(tag), rest);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

/** Return an icon of our sprite. */
export function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  use.setAttribute("href", `${config.staticUrl}/icons/icons.svg#${name}`);
  svg.append(use);
  return svg;
}

/** Call a function once things have been quiet for some milliseconds. */
export function debounced(act, milliseconds) {
  let timer = 0;
  return (...values) => {
    clearTimeout(timer);
    timer = setTimeout(() => act(...values), milliseconds);
  };
}

/** Return a row of buttons from [words, act] pairs. */
export function buttonRow(pairs) {
  return element("div", { className: "button-row" }, pairs.map(([title, act, classes = ""]) => {
    const button = element("button", { type: "button", className: `plain ${classes}`.trim(), textContent: title });
    button.addEventListener("click", act);
    return button;
  }));
}
