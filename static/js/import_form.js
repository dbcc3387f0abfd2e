// Begin an import: announce the file, send it in pieces, go on to its page.

import { config } from "./config.js";
import { byId, fill } from "./elements.js";
import { fileDrop } from "./file_drop.js";
import { askWith, sendFile, showShare } from "./import_sending.js";
import { newId } from "./picture_sending.js";

const { words: WORDS } = config;
const form = byId("import-form");
const input = byId("i-file");
let id = newId();

function problem(text) {
  byId("problem").textContent = text;
  byId("problem").hidden = !text;
}

fileDrop(byId("drop"), input);
input.addEventListener("change", () => { id = newId(); });

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
