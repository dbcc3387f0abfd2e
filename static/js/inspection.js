// One inspection as it is made: begun, answered item by item, findings reported as hazards, finished.

import { config } from "./config.js";
import { byId, debounced, element } from "./elements.js";
import { complain, openForm, prepareForm } from "./finding_form.js";
import { Refusal, outbox } from "./outbox.js";

const SEND_MS = 500;
const { inspection, checklist, words: WORDS } = config;
const url = `/api/inspections/${inspection.id}`;
const clockAhead = Date.now() - Date.parse(config.now);
const say = (key, values = {}) => WORDS[key].replace(/\{(\w+)\}/g, (whole, name) => (name in values ? String(values[name]) : whole));
const form = byId("checklist");
const box = outbox({
  key: `jingwei.inspection.${config.account}.${inspection.id}`, url, csrf: config.csrf,
  onState: tell,
  onSent: (body, told) => list(body, told),
  onRefused: (body, detail) => {
    list(body, null);
    openForm({ item: body.item, body });
    complain(detail);
  },
});

/** A moment of the server, a second ago: a phone's own clock may be wrong. */
const now = () => new Date(Date.now() - clockAhead - 1000).toISOString();

function problem(text) {
  byId("problem").textContent = text;
  byId("problem").hidden = !text;
  if (text) byId("problem").scrollIntoView({ block: "center" });
}

async function act(place, body = {}) {
  problem("");
  try {
    await box.post(place, body);
    location.reload();
  } catch (error) {
    problem(error instanceof Refusal ? error.message : say("no_connection"));
  }
}

byId("begin")?.addEventListener("click", () => act("begin"));
byId("cancel")?.addEventListener("click", () => window.confirm(say("sure_cancel")) && act("cancel"));
if (form) prepare();
for (const button of document.querySelectorAll("#begin, #cancel, #finish")) button.disabled = false;

function prepare() {
  fill({ ...inspection.answers, ...box.kept.answers });
  if (box.kept.note !== null) byId("note").value = box.kept.note;
  for (const each of config.findings) list(each, each);
  for (const each of box.kept.findings) list(each, undefined);
  const send = debounced(box.flush, SEND_MS);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("change", ({ target }) => {
    const item = target.closest("[data-key]")?.dataset.key;
    if (target.id === "note") box.note(target.value);
    else if (target.type === "radio") {
      const amount = form.querySelector(`input[type=number][name="${target.name}"]`);
      if (amount) amount.value = "";
      box.answer(item, target.value);
    } else if (target.type === "number") {
      if (target.value === "" || !target.checkValidity()) return;
      for (const radio of form.querySelectorAll(`input[type=radio][name="${target.name}"]`)) radio.checked = false;
      box.answer(item, Number(target.value));
    } else return;
    refresh();
    send();
  });
  for (const button of form.querySelectorAll(".add")) {
    const { category, severity } = button.dataset;
    button.addEventListener("click", () => openForm({ item: button.closest("[data-key]").dataset.key, category, severity }));
  }
  prepareForm({ now, onReport: report });
  byId("finish").addEventListener("click", finish);
  refresh();
  box.flush();
}

function fill(answers) {
  for (const [key, value] of Object.entries(answers)) {
    const radio = form.querySelector(`input[type=radio][name="${CSS.escape(key)}"][value="${CSS.escape(String(value))}"]`);
    const amount = form.querySelector(`input[type=number][name="${CSS.escape(key)}"]`);
    if (radio) radio.checked = true;
    else if (amount && typeof value === "number") amount.value = value;
  }
}

/** Send a finding; what the server refuses is told in the form, what cannot be sent waits. */
async function report(body) {
  try {
    list(body, await box.post("findings", body));
  } catch (error) {
    if (error instanceof Refusal && error.status < 500 && error.status !== 401) return error.message;
    list(body, undefined);
    box.find(body);
  }
  refresh();
  return "";
}

/** Show a finding at its item: with its case, as waiting (undefined), or no more (null). */
function list(body, told) {
  const place = byId(`item-${body.item}`)?.querySelector(".found");
  place?.querySelector(`[data-id="${body.id}"]`)?.remove();
  if (told === null) return refresh();
  const state = told ? element("a", { href: `/cases/${told.hazard_id}`, textContent: `${told.number} · ${say("open_case")}` }) : element("span", { className: "chip chip-late", textContent: say("waiting") });
  if (told?.warnings?.length) problem(told.warnings.map(({ sentence }) => sentence).join(" "));
  place?.append(element("li", { attributes: { "data-id": body.id } }, [element("b", { textContent: body.title }), " ", state]));
  return refresh();
}

function refresh() {
  const items = checklist.items.map(({ key }) => byId(`item-${key}`));
  const isAnswered = (item) => Boolean(item.querySelector("input[type=radio]:checked")) || Boolean(item.querySelector("input[type=number]")?.value);
  for (const item of items) {
    const isNo = Boolean(item.querySelector('input[value="no"]:checked'));
    const asks = item.querySelector(".asks");
    item.classList.toggle("is-answered", isAnswered(item));
    if (asks) asks.hidden = !isNo || item.querySelectorAll(".found li").length > 0;
  }
  byId("progress").textContent = say("progress", { done: items.filter(isAnswered).length, all: items.length });
}

function tell(state, detail = "") {
  byId("status").textContent = state === "refused" ? "" : say(state);
  byId("status").className = state;
  if (state === "refused") problem(detail);
}

async function finish() {
  problem("");
  byId("finish").disabled = true;
  if (await box.flush()) {
    try {
      await box.post("answers", { finish: true });
      box.forget();
      location.reload();
      return;
    } catch (error) {
      problem(error instanceof Refusal ? error.message : say("no_connection"));
    }
  }
  byId("finish").disabled = false;
}

window.jingwei = { inspection: { box } };
