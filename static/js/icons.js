// Icons of our sprite, for pages that have a configuration: it tells where the sprite is.

import { config } from "./config.js";

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
