// Replay: a span of days moves through any window, by hand or by itself; the map and the figures follow.

import { words } from "./config.js";
import { buttonRow, element } from "./elements.js";
import { select } from "./nearest_tool.js";
import { daysBefore } from "./time_controls.js";

const DAY_MS = 86400000;
const STEP_MS = 900;

export const replayTool = { id: "replay", icon: "replay", key: "r", title: () => words("tool_replay"), open };

/** Return the spans of some days that a window holds, the first one first; each { from, to }. */
export function spansOf({ from, to }, days) {
  const count = Math.max(1, Math.round((Date.parse(to) - Date.parse(from)) / DAY_MS) + 2 - days);
  return Array.from({ length: count }, (_, n) => ({ from: daysBefore(from, -n), to: daysBefore(from, 1 - n - days) }));
}

function open(body, { viewState, whenDrawn }) {
  const before = { from: viewState.current.from, to: viewState.current.to };
  const whole = { ...before };
  let spans = [];
  let playing = 0;
  const slider = element("input", { type: "range", className: "replay-slider", min: "0", step: "1", attributes: { "aria-label": words("replay_slider") } });
  const shown = element("output", { className: "replay-now" });
  const length = select("replay-days", words("replay_days"), [["1", words("days_1")], ["7", words("days_7")], ["30", words("days_30")]]);
  const inputs = ["from", "to"].map((name) => {
    const input = element("input", { type: "date", value: whole[name], attributes: { "aria-label": words(name) } });
    input.addEventListener("change", () => {
      if (!input.value) return;
      whole[name] = input.value;
      if (whole.from > whole.to) [whole.from, whole.to] = [whole.to, whole.from];
      rebuild();
    });
    return input;
  });
  const row = buttonRow([[words("replay_back"), () => step(-1)], [words("replay_play"), () => (playing ? pause() : play()), "primary"], [words("replay_on"), () => step(1)]]);
  const playButton = row.children[1];

  function show() {
    const span = spans[Number(slider.value)];
    shown.textContent = span.from === span.to ? span.from : `${span.from} – ${span.to}`;
    slider.setAttribute("aria-valuetext", shown.textContent);
    viewState.note(span);
  }

  function rebuild() {
    pause();
    spans = spansOf(whole, Number(length.input.value));
    for (const [n, name] of ["from", "to"].entries()) inputs[n].value = whole[name];
    slider.max = String(spans.length - 1);
    slider.value = "0";
    show();
  }

  function step(by) {
    const next = Number(slider.value) + by;
    if (next < 0 || next >= spans.length) return false;
    slider.value = String(next);
    show();
    return true;
  }

  function pause() {
    playing += 1;
    playing = 0;
    playButton.textContent = words("replay_play");
  }

  async function play() {
    const mine = Date.now();
    playing = mine;
    playButton.textContent = words("replay_pause");
    if (Number(slider.value) === spans.length - 1) slider.value = "0";
    while (playing === mine) {
      const begun = Date.now();
      await whenDrawn();
      await new Promise((resolve) => setTimeout(resolve, Math.max(0, STEP_MS - (Date.now() - begun))));
      if (playing === mine && !step(1)) pause();
    }
  }

  slider.addEventListener("input", () => {
    pause();
    show();
  });
  length.input.addEventListener("change", rebuild);
  body.replaceChildren(
    element("p", { className: "tool-note", textContent: words("replay_hint") }),
    element("div", { className: "dates" }, [inputs[0], element("span", { textContent: "–", attributes: { "aria-hidden": "true" } }), inputs[1]]),
    length.row, element("p", { className: "replay-line" }, [shown]), slider, row,
  );
  rebuild();
  return () => {
    playing = 0;
    viewState.note(before);
  };
}
