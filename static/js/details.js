// What lies under the pointer, and what a click tells. Texts of the city go through textContent alone.

import { byId, fetchJson, make } from "./dom.js";

function words(layer, name, properties, config) {
  const field = layer.fields.find((each) => each.name === name);
  const value = properties[field.column] ?? properties[field.name];
  if (value === undefined || value === null || value === "") return null;
  let text = field.values[value] ?? String(value);
  const number = Number(value);
  if (field.kind === "percent") text = `${(number * 100).toFixed(field.decimals)} %`;
  else if (field.kind === "number" || field.kind === "integer") text = `${(number * field.factor).toFixed(field.decimals)}${field.unit && ` ${field.unit}`}`;
  else if (field.kind === "moment") text = momentWords(value, config);
  return { title: field.title, text };
}

function momentWords(value, config) {
  const moment = new Date(String(value).replace(" ", "T").replace(/([+-]\d{2})$/, "$1:00"));
  if (Number.isNaN(moment.getTime())) return String(value);
  return moment.toLocaleString(config.locale === "zh" ? "zh-CN" : "en-GB", { timeZone: "Asia/Shanghai", dateStyle: "short", timeStyle: "short" });
}

export function makeTooltip(config) {
  const tooltip = byId("tooltip");
  return (found, event) => {
    if (!found || !event) { tooltip.hidden = true; return; }
    const { layer, properties } = found;
    const rows = properties.count !== undefined && layer.aggregateBelow
      ? [{ title: config.strings.count_cell, text: String(properties.count) }, { title: config.strings.count_open, text: String(properties.open_count) }]
      : layer.tooltip.map((name) => words(layer, name, properties, config)).filter(Boolean);
    if (!rows.length) { tooltip.hidden = true; return; }
    tooltip.replaceChildren(make("b", {}, layer.title), ...rows.map((row) => make("span", {}, make("i", {}, row.title), row.text)));
    tooltip.hidden = false;
    const right = event.clientX + 16 + tooltip.offsetWidth > innerWidth;
    const low = event.clientY + 16 + tooltip.offsetHeight > innerHeight;
    tooltip.style.left = `${right ? event.clientX - 12 - tooltip.offsetWidth : event.clientX + 16}px`;
    tooltip.style.top = `${low ? event.clientY - 12 - tooltip.offsetHeight : event.clientY + 16}px`;
  };
}

export function makeDetails(config, notify) {
  const panel = byId("details");
  let asked = 0;
  return async (found) => {
    const turn = ++asked;
    if (!found || (found.properties.count !== undefined && found.layer.aggregateBelow)) { panel.hidden = true; return; }
    const { layer, properties } = found;
    try {
      const url = layer.details.replace("{id}", encodeURIComponent(properties.id));
      const answer = await fetchJson(`${url}?lang=${config.locale}`);
      if (turn !== asked) return;
      byId("details-layer").textContent = answer.layer;
      byId("details-title").textContent = answer.title;
      byId("details-synthetic").hidden = !answer.synthetic;
      byId("details-fields").replaceChildren(...answer.fields.map((field) => make("div", {}, make("dt", {}, field.title), make("dd", {}, field.value))));
      panel.hidden = false;
    } catch {
      if (turn === asked) notify(config.strings.details_failed);
    }
  };
}
