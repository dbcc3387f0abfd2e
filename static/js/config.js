// The page's configuration, written by the server, and the words of its language.

export const config = JSON.parse(document.getElementById("jingwei-config").textContent);

/** Return the words of a key, its {fields} filled in. */
export function words(key, values = {}) {
  const template = config.strings[key];
  if (template === undefined) throw new Error(`No words for ${key}`);
  return template.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? String(values[name]) : whole));
}

export const layersById = new Map();

/** Layers that answer to the pointer, the one meant most likely first: points, lines, filled areas, then the finest outline. */
export const layersToPick = [];

const numberFormats = new Map();

/** Take over a configuration in another language; the listeners of `wordschange` write theirs anew. */
export function takeConfig(next) {
  Object.assign(config, next);
  readLayers();
  numberFormats.clear();
  document.dispatchEvent(new Event("wordschange"));
}

function readLayers() {
  layersById.clear();
  for (const layer of config.layers) layersById.set(layer.id, layer);
  layersToPick.splice(0, Infinity, ...config.layers.filter((layer) => layer.interactive).sort((one, other) => pickRank(one) - pickRank(other)));
}

function pickRank({ geometryType, paint, order }) {
  if (geometryType !== "polygon") return (geometryType === "point" ? 0 : 1000) - order;
  return paint.fillOpacity > 0 ? 2000 - order : 3000 + order;
}

readLayers();

/** Return a number in the reader's style, with at most the given decimals. */
export function formatNumber(value, decimals = 0) {
  if (!numberFormats.has(decimals)) {
    const style = { minimumFractionDigits: decimals, maximumFractionDigits: decimals };
    numberFormats.set(decimals, new Intl.NumberFormat(config.locale === "en" ? "en" : "zh-CN", style));
  }
  return numberFormats.get(decimals).format(value);
}

/** Return a share such as 0.314 as "31.4 %". */
export const formatShare = (share, decimals = 1) => `${formatNumber(share * 100, decimals)} %`;

const momentFormat = new Intl.DateTimeFormat("sv-SE", {
  timeZone: "Asia/Shanghai", year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit",
});

/** Return an instant in the city's time, such as "2026-11-22 21:05". */
export function formatMoment(value) {
  const moment = new Date(value);
  return Number.isNaN(moment.getTime()) ? String(value) : momentFormat.format(moment);
}

/** Return a property of a tile's feature as plain words, by the field's kind. */
export function formatValue(field, value) {
  if (value === null || value === undefined || value === "") return words("no_data");
  if (field.kind === "enum") return field.values[value] ?? String(value);
  if (field.kind === "moment") return formatMoment(value);
  if (field.kind === "percent") return formatShare(value, field.decimals);
  if (field.kind === "number" || field.kind === "integer") {
    const unit = field.unit ? ` ${field.unit}` : "";
    return formatNumber(value * field.factor, field.decimals) + unit;
  }
  return String(value);
}
