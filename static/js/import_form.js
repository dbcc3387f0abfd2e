// Begin an import: announce the file, send it in pieces, go on to its page.

import { config } from "./config.js";
import { byId } from "./elements.js";
import { askWith, fill, sendFile, showShare } from "./import_sending.js";
import { newId } from "./picture_sending.js";

const { words: WORDS } = config;
const form = byId("import-form");
const input = byId("i-file");
const drop = byId("drop");
let id = newId();

function problem(text) {
  byId("problem").textContent = text;
  byId("problem").hidden = !text;
}

input.addEventListener("change", () => {
  if (input.files.length) byId("file-name").textContent = input.files[0].name;
  id = newId();
});
for (const kind of ["dragenter", "dragover"]) {
  drop.addEventListener(kind, (event) => {
    event.preventDefault();
    drop.classList.add("is-over");
  });
}
for (const kind of ["dragleave", "drop"]) drop.addEventListener(kind, () => drop.classList.remove("is-over"));
drop.addEventListener("drop", (event) => {
  event.preventDefault();
  if (!event.dataTransfer.files.length) return;
  input.files = event.dataTransfer.files;
  input.dispatchEvent(new Event("change"));
});

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const [file] = input.files;
  const chosen = new FormData(form);
  problem("");
  byId("send").disabled = true;
  try {
    const wish = { id, kind: chosen.get("kind"), file_name: file.name, size: file.size, datum: chosen.get("datum"), format: chosen.get("format") };
    const job = await askWith("/api/imports", wish);
    await sendFile(job, file, (share, isBroken) => showShare(byId("progress"), share, isBroken ? WORDS.broken : fill(WORDS.uploading, { percent: Math.floor(100 * share) })));
    location.assign(`/imports/${job.id}`);
  } catch (error) {
    problem(error.status ? error.message : WORDS.failed);
    byId("send").disabled = false;
  }
});
