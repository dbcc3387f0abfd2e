// The page of spatial questions: form, map and answer held together; the question stands in the address.

import { config, formatMoment } from "./config.js";
import { byId, debounced, element } from "./elements.js";
import { questionForm } from "./question_form.js";
import { questionMap } from "./question_map.js";
import { answerTable, figureOf, paintChart, paintCode } from "./question_result.js";
import { newId } from "./picture_sending.js";
import { fetchJson } from "./requests.js";
import { sendJson } from "./sending.js";

const { layers, areas, examples, words } = config.questions;
const { csrf } = document.querySelector(".question-stage").dataset;
let last = null;
let busy = null;

const form = questionForm({ onChange: debounced(() => paintCode(current()), 150) });
const table = answerTable({ onChoose: (index) => map.choose(index) });
const map = questionMap({
  onChoose: (index) => table.choose(index),
  onShape: (shape) => {
    byId("clear-area").hidden = !shape;
    byId("area-words").textContent = shape ? words.has_area : words.no_area;
    paintCode(current());
  },
  onMode: (mode) => {
    byId("draw").setAttribute("aria-pressed", String(mode === "draw"));
    if (mode !== byId("pick").value && mode !== "") byId("pick").value = mode === "draw" ? "" : mode;
    if (!mode) byId("pick").value = "";
    const hint = { draw: words.drawing, "": map?.shape() ? words.has_area : words.no_area }[mode] ?? words.picking;
    byId("area-words").textContent = hint;
  },
});

function current() {
  const asked = form.read();
  return map?.shape() ? { ...asked, shape: map.shape() } : asked;
}

const send = (address, options) => sendJson(address, { csrf, ...options });

function tell(problem = "") {
  byId("problem").textContent = problem;
  byId("problem").hidden = !problem;
}

async function ask({ remembers = true } = {}) {
  const asked = current();
  const turn = Symbol("question");
  busy = turn;
  tell();
  byId("result-words").textContent = words.asking;
  document.body.classList.add("is-asking");
  try {
    const answer = await send("/api/questions/answer", { body: asked });
    const found = await answer.json();
    if (busy === turn) show(asked, found, remembers);
  } catch (error) {
    if (busy !== turn) return;
    tell(error.message);
    byId("result-words").textContent = "";
    byId("problem").scrollIntoView({ block: "nearest" });
  } finally {
    if (busy === turn) document.body.classList.remove("is-asking");
  }
}

function show(asked, found, remembers) {
  last = asked;
  const count = String(found.rows.length);
  byId("result-words").textContent = found.rows.length ? (found.is_cut ? words.cut : words.rows).replace("{count}", count) : words.none;
  table.show(found);
  map.show(found, figureOf(asked, found));
  paintChart(asked, found);
  paintCode(asked);
  document.querySelectorAll("[data-format]").forEach((button) => { button.disabled = !found.rows.length; });
  if (remembers) window.history.pushState(null, "", `#${encoded(asked)}`);
}

// Chinese words stand in filters: bytes first, then letters that an address may hold.
const encoded = (asked) => {
  const bytes = new TextEncoder().encode(JSON.stringify(asked));
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join("")).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
};
const decoded = (text) => {
  const letters = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return JSON.parse(new TextDecoder().decode(Uint8Array.from(letters, (letter) => letter.charCodeAt(0))));
};

function take(asked) {
  form.write(asked);
  map.setShape(asked.shape);
}

function fromAddress() {
  try {
    const asked = decoded(window.location.hash.slice(1));
    take(asked);
    ask({ remembers: false });
  } catch {
    begin();
  }
}

function begin() {
  tell();
  take({ layer: layers.some(({ id }) => id === "hazards") ? "hazards" : layers[0]?.id });
}

async function paintKept() {
  const { questions } = await fetchJson("/api/questions");
  const rows = await Promise.all(questions.map(keptRow));
  byId("kept-list").replaceChildren(...(rows.length ? rows : [element("li", { className: "hint", textContent: words.empty_kept })]));
}

async function keptRow(kept) {
  const open = element("button", { type: "button", className: "open", textContent: kept.title });
  open.addEventListener("click", () => {
    take(kept.question);
    byId("keep-title").value = kept.title;
    byId("keep-repeat").value = kept.repeat;
    byId("keep-shared").checked = kept.is_shared;
    byId("keep").dataset.id = kept.is_own ? kept.id : "";
    ask();
  });
  const parts = [open];
  if (kept.is_own) {
    const remove = element("button", { type: "button", className: "small danger", textContent: words.remove });
    remove.addEventListener("click", () => removeKept(kept));
    parts.push(remove);
  } else {
    parts.push(element("span", { className: "code", textContent: words.shared }));
  }
  const item = element("li", {}, parts);
  if (kept.repeat !== "never") {
    const { answers } = await fetchJson(`/api/questions/${kept.id}`);
    for (const each of answers.slice(0, 3)) item.append(element("span", { className: "hint" }, [answerLink(kept, each)]));
  }
  return item;
}

function answerLink(kept, { number, asked_at: at, rows, problem }) {
  const template = problem ? words.failed_at : words.asked_at;
  const textContent = template.replace("{moment}", formatMoment(at)).replace("{count}", rows ?? 0).replace("{problem}", problem);
  if (problem) return element("span", { textContent });
  const link = element("button", { type: "button", className: "open", textContent });
  link.addEventListener("click", async () => {
    take(kept.question);
    show(kept.question, await fetchJson(`/api/questions/${kept.id}/answers/${number}`), false);
    byId("result-words").textContent = textContent;
  });
  return link;
}

async function removeKept(kept) {
  await send(`/api/questions/${kept.id}`, { method: "DELETE" });
  await paintKept();
  const undo = element("button", { type: "button", className: "small", textContent: words.undo });
  undo.addEventListener("click", async () => {
    const { title, question, is_shared, repeat } = kept;
    await send("/api/questions", { body: { id: kept.id, title, question, is_shared, repeat } });
    paintKept();
  });
  byId("kept-list").prepend(element("li", {}, [element("span", { textContent: `${words.removed} ${kept.title}` }), undo]));
}

async function keep() {
  const button = byId("keep");
  const identity = button.dataset.id || newId();
  const body = { id: identity, title: byId("keep-title").value, question: current(), is_shared: byId("keep-shared").checked, repeat: byId("keep-repeat").value };
  try {
    await send("/api/questions", { body });
    button.dataset.id = identity;
    tell();
    byId("result-words").textContent = words.kept;
    await paintKept();
  } catch (error) {
    tell(error.message);
  }
}

async function download(format) {
  try {
    const answer = await send(`/api/questions/answer?f=${format}`, { body: last });
    const link = element("a", { href: URL.createObjectURL(await answer.blob()), download: `question.${format}` });
    link.click();
    URL.revokeObjectURL(link.href);
  } catch (error) {
    tell(error.message);
  }
}

function wireTabs() {
  const tabs = [...document.querySelectorAll(".result-tabs [role=tab]")];
  const choose = (chosen) => {
    for (const tab of tabs) {
      const isChosen = tab === chosen;
      tab.setAttribute("aria-selected", String(isChosen));
      tab.tabIndex = isChosen ? 0 : -1;
      byId(tab.getAttribute("aria-controls")).hidden = !isChosen;
    }
  };
  tabs.forEach((tab, at) => {
    tab.addEventListener("click", () => choose(tab));
    tab.addEventListener("keydown", ({ key }) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[key];
      if (!step) return;
      const next = tabs[(at + step + tabs.length) % tabs.length];
      choose(next);
      next.focus();
    });
  });
}

byId("examples").append(...examples.map(({ title }, index) => element("option", { value: index, textContent: title })));
byId("examples").addEventListener("change", ({ target }) => {
  if (target.value !== "") { byId("keep").dataset.id = ""; take(examples[target.value].question); ask(); }
  target.value = "";
});
byId("pick").append(...areas.flatMap((id) => layers.filter((layer) => layer.id === id)).map(({ id, title }) => element("option", { value: id, textContent: title })));
byId("pick").addEventListener("change", ({ target }) => map.pick(target.value));
byId("draw").addEventListener("click", () => map.draw());
byId("clear-area").addEventListener("click", () => map.setShape(null));
byId("question").addEventListener("submit", (event) => { event.preventDefault(); ask(); });
byId("question").addEventListener("keydown", (event) => { if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) ask(); });
byId("reset").addEventListener("click", () => { byId("keep").dataset.id = ""; begin(); });
byId("share").addEventListener("click", async () => {
  const address = `${window.location.origin}/questions#${encoded(current())}`;
  window.history.replaceState(null, "", address);
  await navigator.clipboard?.writeText(address).catch(() => {});
  byId("result-words").textContent = words.copied;
});
byId("keep").addEventListener("click", keep);
document.querySelectorAll("[data-format]").forEach((button) => button.addEventListener("click", () => download(button.dataset.format)));
window.addEventListener("popstate", fromAddress);
wireTabs();
paintKept().catch((error) => tell(error.message));
if (window.location.hash.length > 1) fromAddress();
else begin();
