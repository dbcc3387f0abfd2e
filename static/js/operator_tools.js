// The operator's tools beside the map: a rail of buttons, one panel, one tool open at a time.

import { areaTool } from "./area_tool.js";
import { compareTool } from "./compare_tool.js";
import { config, words } from "./config.js";
import { byId, element } from "./elements.js";
import { icon } from "./icons.js";
import { measureTool } from "./measure_tool.js";
import { nearestTool } from "./nearest_tool.js";
import { replayTool } from "./replay_tool.js";
import { shiftTool } from "./shift_tool.js";
import { snapshotTool } from "./snapshot_tool.js";
import { viewsTool } from "./views_tool.js";

const TOOLS = [areaTool, nearestTool, measureTool, compareTool, replayTool, viewsTool, snapshotTool, shiftTool];

/** Show the rail; returns `{ open(id, asked), close(), keys }`. `context` is what every tool works with. */
export function startOperatorTools(context) {
  const shown = TOOLS.filter(({ right }) => !right || config.rights.includes(right));
  const panel = byId("tool-panel");
  const buttons = new Map();
  let current = null;

  function close() {
    if (!current) return;
    context.drawing.cancel();
    current.end?.();
    buttons.get(current.tool.id).setAttribute("aria-pressed", "false");
    current = null;
    panel.hidden = true;
    document.body.classList.remove("tool-open");
  }

  function open(id, asked = undefined) {
    const tool = shown.find((each) => each.id === id);
    if (!tool) return;
    const again = current?.tool === tool && asked === undefined;
    close();
    if (again) return;
    byId("tool-title").textContent = tool.title();
    byId("tool-body").replaceChildren();
    panel.hidden = false;
    document.body.classList.remove("layers-open", "time-open", "tools-open");
    document.body.classList.add("tool-open");
    context.closeDetails();
    buttons.get(id).setAttribute("aria-pressed", "true");
    current = { tool };
    current.end = tool.open(byId("tool-body"), context, asked);
  }

  function draw() {
    const made = shown.map((tool) => {
      const button = element("button", { type: "button", className: "tool", title: `${tool.title()} (${tool.key.toUpperCase()})`, attributes: { "aria-label": tool.title(), "aria-pressed": String(current?.tool === tool), "data-tool": tool.id } }, [
        icon(tool.icon), element("span", { className: "tool-name", textContent: tool.title() }),
      ]);
      button.addEventListener("click", () => open(tool.id));
      buttons.set(tool.id, button);
      return button;
    });
    byId("tool-rail").replaceChildren(...made);
    byId("tool-rail").hidden = !made.length;
  }

  byId("close-tool").addEventListener("click", close);
  document.addEventListener("wordschange", () => {
    const id = current?.tool.id;
    close();
    draw();
    if (id) open(id);
  });
  draw();
  const rows = () => shown.map((tool) => [tool.key.toUpperCase(), tool.title()]);
  return { open, close, isOpen: () => current !== null, rows, keys: Object.fromEntries(shown.map((tool) => [tool.key, () => open(tool.id)])) };
}
