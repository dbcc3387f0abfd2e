// The own workspace: a file is sent whole, with progress; data sets are renamed, shared and deleted.

import { byId, element, fill } from "./elements.js";
import { fileDrop } from "./file_drop.js";
import { newId } from "./picture_sending.js";
import { answered } from "./sending.js";

const config = JSON.parse(byId("workspace-config").textContent);
const { words: WORDS, csrf } = config;
const MIB = 2 ** 20;
const MOST_ROWS = 100;
const form = byId("bring");
const input = byId("w-file");
const progress = byId("progress");
let id = newId();

function showProblem(text, rows = []) {
  const box = byId("problem");
  box.hidden = !text;
  box.querySelector("p").textContent = text;
  const lines = rows.slice(0, MOST_ROWS).map(({ row, field, problem, remedy }) =>
    element("li", { textContent: `${fill(WORDS.row, { row })}, ${field}: ${problem} ${remedy}` }));
  box.querySelector("ul").replaceChildren(...lines);
  if (text) box.scrollIntoView({ block: "nearest" });
}

function showProgress(share, text) {
  progress.hidden = !text;
  const bar = progress.querySelector("progress");
  if (share === null) bar.removeAttribute("value");
  else bar.value = share;
  progress.querySelector("span").textContent = text;
}

/** Send a file under an identifier that stays the same in each try, so that it is stored once. */
function send(file, told) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("PUT", `/api/workspace/${id}?${new URLSearchParams(told)}`);
    request.responseType = "json";
    request.setRequestHeader("Accept", "application/json");
    request.setRequestHeader("Content-Type", "application/octet-stream");
    request.setRequestHeader("X-CSRF-Token", csrf);
    request.upload.addEventListener("progress", ({ loaded, total }) => showProgress(loaded / total, fill(WORDS.sending, { percent: Math.floor((100 * loaded) / total) })));
    request.upload.addEventListener("load", () => showProgress(null, `${WORDS.reading} …`));
    request.addEventListener("load", () => (request.status < 300 ? resolve(request.response) : reject(request.response ?? { detail: `HTTP ${request.status}` })));
    request.addEventListener("error", () => reject({ detail: WORDS.lost }));
    request.send(file);
  });
}

fileDrop(byId("drop"), input);
form.addEventListener("change", () => { id = newId(); });

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const [file] = input.files;
  const told = Object.fromEntries(["title", "datum", "shape", "format"].map((name) => [name, form.elements[name].value.trim()]).filter(([, value]) => value));
  showProblem("");
  if (file.size > config.fileBytes) {
    showProblem(fill(WORDS.too_large, { limit: Math.floor(config.fileBytes / MIB) }));
    return;
  }
  byId("send").disabled = true;
  showProgress(0, fill(WORDS.sending, { percent: 0 }));
  try {
    const stored = await send(file, { ...told, file_name: file.name });
    location.assign(`/ogc/collections/${stored.collection}/items?f=html`);
  } catch (problem) {
    showProgress(0, "");
    showProblem(problem.detail ?? String(problem), problem.problems);
    byId("send").disabled = false;
  }
});

const dialog = byId("edit");
let edited = null;

async function act(place, options) {
  try {
    await answered(place, { csrf, ...options });
    location.reload();
  } catch (error) {
    showProblem(error.message);
  }
}

for (const button of document.querySelectorAll("[data-act]")) {
  const row = button.closest("tr");
  button.addEventListener("click", () => {
    const place = `/api/workspace/${row.dataset.id}`;
    if (button.dataset.act === "delete") {
      if (window.confirm(fill(WORDS.sure, { title: row.dataset.title }))) act(place, { method: "DELETE" });
      return;
    }
    edited = place;
    byId("e-title").value = row.dataset.title;
    byId("e-shared").checked = "shared" in row.dataset;
    dialog.showModal();
  });
}
byId("e-cancel")?.addEventListener("click", () => dialog.close());
byId("edit-form")?.addEventListener("submit", () => {
  act(edited, { method: "PATCH", body: { title: byId("e-title").value, is_shared: byId("e-shared").checked } });
});
