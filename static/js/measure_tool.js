// Measuring on the map: lengths are geodesics of WGS-84, areas those of its ellipsoid.

import { words } from "./config.js";
import { INK } from "./drawing.js";
import { buttonRow, element } from "./elements.js";
import { areaM2, lengthM } from "./geodesy.js";
import { metresOf, squareOf } from "./travel_words.js";

const { L } = window;

export const measureTool = { id: "measure", icon: "ruler", key: "m", title: () => words("tool_measure"), open };

/** Return the figures of a shape in words. */
export function measured({ kind, places }) {
  if (kind === "line") return metresOf(lengthM(places));
  return `${squareOf(areaM2(places))} · ${metresOf(lengthM([...places, places[0]]))}`;
}

function open(body, { map, drawing }) {
  const group = L.layerGroup().addTo(map);
  const kept = [];
  const figure = element("p", { className: "measured", textContent: "–", attributes: { role: "status" } });
  const note = element("p", { className: "tool-note" });
  const list = element("ol", { className: "measured-list" });

  function begin(kind) {
    note.textContent = words("measure_hint");
    figure.textContent = "–";
    drawing.begin(kind, {
      onChange: (shape) => (figure.textContent = shape.places?.length > (kind === "line" ? 1 : 2) ? measured(shape) : "–"),
      onDone: (shape) => {
        kept.push(shape);
        refresh();
        begin(kind);
      },
    });
  }

  function refresh() {
    group.clearLayers();
    list.replaceChildren(...kept.map((shape) => element("li", { textContent: measured(shape) })));
    for (const shape of kept) {
      const style = { ...INK, color: "#fdd06a", fillColor: "#fdd06a", renderer: drawing.renderer, interactive: false };
      const made = shape.kind === "line" ? L.polyline(shape.places, style) : L.polygon(shape.places, style);
      made.addTo(group);
      L.tooltip({ permanent: true, direction: "center", className: "measured-label", opacity: 1 }).setLatLng(made.getBounds().getCenter()).setContent(element("span", { textContent: measured(shape) })).addTo(group);
    }
  }

  const stepBack = () => drawing.undo() || (kept.pop() && refresh());
  const undoKey = (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "z") stepBack();
  };
  document.addEventListener("keydown", undoKey);
  body.replaceChildren(buttonRow([
    [words("measure_line"), () => begin("line"), "primary"], [words("measure_area"), () => begin("polygon"), "primary"], [words("undo"), stepBack],
    [words("clear"), () => {
      kept.length = 0;
      refresh();
    }],
  ]), figure, note, list, element("p", { className: "tool-note", textContent: words("measure_how") }));
  begin("line");
  return () => {
    document.removeEventListener("keydown", undoKey);
    group.remove();
  };
}
