// A layer as a file: its format and coordinates are chosen in the list of layers, the server makes the file.

import { config, words } from "./config.js";
import { element } from "./elements.js";

const SYSTEMS = [["wgs84", "WGS-84"], ["cgcs2000", "CGCS2000"], ["gcj02", "GCJ-02"], ["bd09", "BD-09"]];

/** Return the row that exports a layer; null for who may not take data along. */
export function exportRow(layer, map) {
  if (!config.exportFormats?.length) return null;
  const format = choice("export_format", config.exportFormats.map((name) => [name, words(`format_${name}`)]), layer);
  const system = choice("export_crs", SYSTEMS, layer);
  system.append(element("option", { value: "", textContent: words("export_other") }));
  const code = element("input", { placeholder: "EPSG:4549", hidden: true, value: "EPSG:4549", attributes: { "aria-label": "EPSG", pattern: "[Ee][Pp][Ss][Gg]:[0-9]{4,6}" } });
  system.addEventListener("change", () => {
    code.hidden = Boolean(system.value);
    if (!code.hidden) code.focus();
  });
  // KML knows WGS-84 only.
  format.addEventListener("change", () => {
    system.disabled = format.value === "kml";
    if (!system.disabled) return;
    system.value = "wgs84";
    code.hidden = true;
  });
  const inView = element("input", { type: "checkbox" });
  const link = element("a", { className: "export-go", href: "#", download: "", textContent: words("export_go"), attributes: { "aria-label": `${words("export_go")}: ${layer.title}` } });
  // The address is that of what is chosen at the press.
  link.addEventListener("click", (event) => {
    if (!code.hidden && !code.reportValidity()) return event.preventDefault();
    const asked = new URLSearchParams({ format: format.value, crs: system.value || code.value.trim() });
    if (inView.checked) asked.set("bbox", map.getBounds().toBBoxString());
    link.href = `/api/layers/${layer.id}/export?${asked}`;
    return undefined;
  });
  return element("div", { className: "layer-export", hidden: true }, [
    format, system, code,
    element("label", { className: "export-view" }, [inView, words("export_view")]),
    link,
  ]);
}

function choice(key, pairs, layer) {
  const options = pairs.map(([value, textContent]) => element("option", { value, textContent }));
  return element("select", { attributes: { "aria-label": `${words(key)}: ${layer.title}` } }, options);
}
