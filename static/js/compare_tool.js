// Two times side by side: a second map over the first one, cut off at a line that is moved by hand or by keys.

import { canvasRenderer } from "./canvas_renderer.js";
import { words } from "./config.js";
import { buttonRow, element } from "./elements.js";
import { daysBefore } from "./time_controls.js";

const { L } = window;
const DAY_MS = 86400000;

export const compareTool = { id: "compare", icon: "compare", key: "c", title: () => words("tool_compare"), open };

/** Return the window of the same length just before one, as { from, to }. */
export function windowBefore({ from, to }) {
  const days = Math.round((Date.parse(to) - Date.parse(from)) / DAY_MS) + 1;
  return { from: daysBefore(from, days), to: daysBefore(from, 1) };
}

function open(body, { map, viewState }) {
  let other = windowBefore(viewState.current);
  const frame = element("div", { className: "compare-frame", attributes: { "aria-hidden": "true" } });
  const handle = element("input", { type: "range", className: "compare-handle", min: "5", max: "95", step: "1", value: "50", attributes: { "aria-label": words("compare_line") } });
  const tags = [element("span", { className: "compare-tag compare-left" }), element("span", { className: "compare-tag compare-right" })];
  const line = element("div", { className: "compare-line" });
  document.body.append(frame, line, ...tags, handle);
  const second = L.map(frame, { attributionControl: false, zoomControl: false, keyboard: false, dragging: false, zoomSnap: 0, fadeAnimation: false, zoomAnimation: false, minZoom: map.getMinZoom(), maxZoom: map.getMaxZoom() });
  const follow = () => second.setView(map.getCenter(), map.getZoom(), { animate: false });
  follow();
  const renderer = canvasRenderer(second, { onBusy: () => {}, onError: () => {} });
  map.on("move zoomend", follow);

  function cut() {
    const share = Number(handle.value);
    frame.style.clipPath = `inset(0 ${100 - share}% 0 0)`;
    line.style.left = `${share}%`;
    tags[0].style.right = `calc(${100 - share}% + 14px)`;
    tags[1].style.left = `calc(${share}% + 14px)`;
  }

  const inputs = ["from", "to"].map((name) => {
    const input = element("input", { type: "date", value: other[name], attributes: { "aria-label": words(name) } });
    input.addEventListener("change", () => {
      const wanted = { ...other, [name]: input.value };
      if (!wanted.from || !wanted.to || wanted.from > wanted.to) return;
      other = wanted;
      refresh();
    });
    return input;
  });

  function refresh() {
    const state = viewState.current;
    renderer.sync({ ...state, ...other });
    for (const [n, name] of ["from", "to"].entries()) inputs[n].value = other[name];
    tags[0].textContent = `${other.from} – ${other.to}`;
    tags[1].textContent = `${state.from} – ${state.to}`;
  }

  handle.addEventListener("input", cut);
  const stopFollowing = viewState.onChange(refresh);
  body.replaceChildren(
    element("p", { className: "tool-note", textContent: words("compare_hint") }),
    element("h3", { textContent: words("compare_left") }),
    element("div", { className: "dates" }, [inputs[0], element("span", { textContent: "–", attributes: { "aria-hidden": "true" } }), inputs[1]]),
    buttonRow([
      [words("compare_before"), () => {
        other = windowBefore(viewState.current);
        refresh();
      }],
      [words("compare_year"), () => {
        const { from, to } = viewState.current;
        other = { from: daysBefore(from, 365), to: daysBefore(to, 365) };
        refresh();
      }],
    ]),
  );
  cut();
  refresh();
  return () => {
    stopFollowing();
    map.off("move zoomend", follow);
    second.remove();
    for (const part of [frame, line, handle, ...tags]) part.remove();
  };
}
