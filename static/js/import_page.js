// One import, step by step: its file, its columns, its check, its commit, its undoing.

import { config } from "./config.js";
import { byId, fill } from "./elements.js";
import { chosenColumns, drawRows, showColumns } from "./import_columns.js";
import { chosenFindings, showFindings } from "./import_findings.js";
import { ask, askWith, sendFile, showShare } from "./import_sending.js";

const { words: WORDS } = config;
const url = `/api/imports/${config.job.id}`;
const WAY = { uploading: 0, uploaded: 1, failed: 1, checking: 2, checked: 2, committing: 3, done: 4, undoing: 4, undone: 4, cancelled: 4 };
const WORKING = new Set(["checking", "committing", "undoing"]);
let job = config.job;
let isChoosing = false;
let isReady = false;
let stream = null;

function problem(text) {
  byId("problem").textContent = text ?? "";
  byId("problem").hidden = !text;
}

async function step(name, more = {}) {
  problem("");
  try {
    job = await askWith(`${url}/steps`, { version: job.version, step: name, ...more });
    isChoosing = false;
  } catch (error) {
    problem(error.status ? error.message : WORDS.failed);
    job = await ask(url).catch(() => job);
  }
  await show();
}

/** Show an import as it stands. */
async function show() {
  isReady = false;
  const isWorking = WORKING.has(job.state);
  const isAtColumns = job.state === "uploaded" || job.state === "failed" || isChoosing;
  const isFound = (job.state === "checked" && !isChoosing) || job.state === "done";
  byId("state").textContent = WORDS.import_state[job.state];
  byId("state").className = `chip import-${job.state}`;
  document.querySelectorAll(".import-way li").forEach((line, index) => {
    line.className = index < WAY[job.state] ? "is-done" : "";
    line.toggleAttribute("aria-current", index === WAY[job.state]);
  });
  for (const [id, isShown] of Object.entries({ work: isWorking, resume: job.state === "uploading", columns: isAtColumns, decide: job.state === "checked" && !isChoosing, done: job.state === "done" && job.counts.is_kept === true })) byId(id).hidden = !isShown;
  byId("map-frame").hidden = !(isAtColumns || isFound);
  for (const id of ["refused", "doubles", "boundaries"]) byId(id).hidden = true;
  if (job.problem) problem(job.problem);
  showCounts(isFound || job.state === "undone");
  if (isWorking) follow();
  if (job.state === "uploading") byId("resume-words").textContent = fill(WORDS.other_file, { name: job.file_name, size: job.size_bytes });
  if (isAtColumns) await look();
  if (isFound) showFindings(job);
  if (job.state === "checked") showDecision();
  isReady = true;
}

async function look() {
  const query = new URLSearchParams(Object.entries({ datum: job.datum, format: job.file_format }).filter(([, value]) => value));
  try {
    showColumns(await ask(`${url}/preview?${query}`), job);
  } catch (error) {
    problem(error.status ? error.message : WORDS.failed);
  }
}

function showCounts(isShown) {
  byId("counts").hidden = !isShown || job.counts.added === undefined;
  for (const tile of document.querySelectorAll("[data-count]")) {
    const count = job.counts[tile.dataset.count] ?? 0;
    tile.querySelector("b").textContent = String(count);
    tile.classList.toggle("has-some", count > 0);
    tile.hidden = tile.dataset.count === "ended" && !count;
  }
  const notes = [...(job.notes ?? [])];
  if (job.without_grid?.count) notes.push(fill(WORDS.without_grid, job.without_grid));
  byId("notes").hidden = !isShown || !notes.length;
  byId("notes").replaceChildren(...notes.map((text) => Object.assign(document.createElement("li"), { textContent: text })));
}

function showDecision() {
  const { refused = 0, added = 0, changed = 0, unchanged = 0, was_known: wasKnown } = job.counts;
  byId("leave-out-line").hidden = !refused;
  byId("commit").textContent = fill(WORDS.commit, { count: added + changed + unchanged });
  const allow = () => { byId("commit").disabled = Boolean(wasKnown) || (refused > 0 && !byId("leave-out").checked) || added + changed + unchanged === 0; };
  byId("leave-out").onchange = allow;
  allow();
  if (wasKnown) problem(WORDS.nothing_new);
}

/** Follow the work until nobody works on the import any more. */
function follow() {
  tellProgress(job.progress);
  stream?.close();
  stream = new EventSource(`${url}/events`);
  stream.addEventListener("progress", ({ data }) => tellProgress(JSON.parse(data).progress));
  stream.addEventListener("end", async () => {
    stream.close();
    job = await ask(url).catch(() => job);
    await show();
  });
}

function tellProgress({ phase, done = 0, of = 1 } = {}) {
  showShare(byId("work").querySelector(".import-progress"), phase ? (done + 0.5) / of : 0.02, WORDS.import_phase[phase] ?? "…");
}

byId("columns").addEventListener("submit", (event) => {
  event.preventDefault();
  step("check", chosenColumns());
});
byId("c-datum").addEventListener("change", async () => {
  const { datum, format } = chosenColumns();
  const query = new URLSearchParams(Object.entries({ datum, format }).filter(([, value]) => value));
  try {
    drawRows(await ask(`${url}/preview?${query}`));
    problem("");
  } catch (error) {
    problem(error.status ? error.message : WORDS.failed);
  }
});
byId("commit").addEventListener("click", () => step("commit", chosenFindings()));
byId("back").addEventListener("click", () => {
  isChoosing = true;
  show();
});
for (const button of document.querySelectorAll("button[data-step]")) {
  const sure = { cancel: WORDS.sure_cancel, undo: WORDS.sure_undo }[button.dataset.step];
  button.addEventListener("click", () => window.confirm(sure) && step(button.dataset.step));
}
byId("resume-file").addEventListener("change", async ({ target }) => {
  const [file] = target.files;
  if (!file || file.size !== job.size_bytes || file.name !== job.file_name) {
    problem(fill(WORDS.other_file, { name: job.file_name, size: job.size_bytes }));
    return;
  }
  problem("");
  try {
    const line = byId("resume").querySelector(".import-progress");
    await sendFile(job, file, (share, isBroken) => showShare(line, share, isBroken ? WORDS.broken : fill(WORDS.uploading, { percent: Math.floor(100 * share) })));
  } catch (error) {
    problem(error.status ? error.message : WORDS.failed);
  }
  job = await ask(url).catch(() => job);
  await show();
});

window.jingwei = { importPage: { isReady: () => isReady, job: () => job } };
await show();
