// A file chosen or dropped: its name is shown, and the form hears of it as of any change.

import { byId } from "./elements.js";

/** Let `drop` take a dropped file for the file input `input`; the chosen file's name stands in #file-name. */
export function fileDrop(drop, input) {
  input.addEventListener("change", () => {
    if (input.files.length) byId("file-name").textContent = input.files[0].name;
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
}
