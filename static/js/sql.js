// The page that reads with SQL: statement, map and table.

import { config } from "./config.js";
import { byId } from "./elements.js";
import { questionMap } from "./question_map.js";
import { answerTable } from "./question_result.js";
import { sendJson } from "./sending.js";

const { words } = config.questions;
const { csrf } = document.querySelector(".question-stage").dataset;
const KEPT = "jingwei-sql";
const text = byId("statement");
const table = answerTable({ onChoose: (index) => map.choose(index) });
const map = questionMap({ onChoose: (index) => table.choose(index), onShape: () => {}, onMode: () => {} });

async function run(explain) {
  byId("problem").hidden = true;
  byId("result-words").textContent = words.asking;
  document.body.classList.add("is-asking");
  sessionStorage.setItem(KEPT, text.value);
  try {
    const body = { statement: text.value, limit: Number(byId("limit").value) || 1000, explain };
    const found = await (await sendJson("/api/sql", { csrf, body })).json();
    byId("plan").hidden = !explain;
    byId("panel-table").hidden = explain;
    byId("result-words").textContent = "";
    if (explain) byId("plan").textContent = found.plan;
    else show(found);
  } catch (error) {
    byId("problem").textContent = error.message;
    byId("problem").hidden = false;
    byId("result-words").textContent = "";
  } finally {
    document.body.classList.remove("is-asking");
  }
}

function show(found) {
  const count = String(found.rows.length);
  byId("result-words").textContent = found.rows.length ? (found.is_cut ? words.cut : words.rows).replace("{count}", count) : words.none;
  table.show(found);
  map.show(found, found.shapes.length ? found.columns.findIndex(({ kind, name }) => kind === "number" && name !== "id") : -1);
}

byId("sql").addEventListener("submit", (event) => { event.preventDefault(); run(false); });
byId("explain").addEventListener("click", () => run(true));
text.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) run(false);
});
for (const button of document.querySelectorAll("[data-column]")) {
  button.addEventListener("click", () => {
    text.setRangeText(button.dataset.column, text.selectionStart, text.selectionEnd, "end");
    text.focus();
  });
}
text.value = sessionStorage.getItem(KEPT) ?? text.value;
