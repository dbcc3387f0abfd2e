// Place names: the same in both renderers, thinned so that no two overlap.

import { fetchJson } from "./dom.js";

const HEIGHT = 18;

export async function addLabels({ map, layer, visible, locale }) {
  const collection = await fetchJson(layer.inlineUrl);
  const group = L.layerGroup();
  const names = collection.features
    .map((feature) => ({
      text: feature.properties[layer.paint.field] || feature.properties.name_zh,
      level: feature.properties.level,
      least: feature.properties.min_zoom,
      place: L.latLng(feature.geometry.coordinates[1], feature.geometry.coordinates[0]),
    }))
    .sort((one, other) => one.least - other.least);
  let shown = visible;

  function draw() {
    group.clearLayers();
    if (!shown) return;
    const taken = [];
    const bounds = map.getBounds().pad(0.1);
    for (const name of names) {
      if (map.getZoom() < name.least || !bounds.contains(name.place)) continue;
      const at = map.latLngToContainerPoint(name.place);
      const half = (name.text.length * (locale === "zh" ? 14 : 7.5)) / 2 + 4;
      const box = [at.x - half, at.y - HEIGHT / 2, at.x + half, at.y + HEIGHT / 2];
      if (taken.some((other) => box[0] < other[2] && other[0] < box[2] && box[1] < other[3] && other[1] < box[3])) continue;
      taken.push(box);
      const element = document.createElement("span");
      element.textContent = name.text;
      const icon = L.divIcon({ html: element, className: `place-name place-${name.level}`, iconSize: [0, 0] });
      L.marker(name.place, { icon, interactive: false, keyboard: false, pane: "shadowPane" }).addTo(group);
    }
  }

  group.addTo(map);
  map.on("moveend", draw);
  draw();
  return { show(wanted) { shown = wanted; draw(); } };
}
