// Sends a file of positions with progress, and lists row by row what is wrong with one that was refused.

const form = document.getElementById("track-form");
const [file, datum, progress, outcome] = ["file", "datum", "progress", "outcome"].map((name) => document.getElementById(`track-${name}`));
const problems = document.getElementById("track-problems");
const button = form.querySelector("button");
const words = form.dataset;
const FORMATS = { gpx: "gpx", csv: "csv", geojson: "geojson", json: "geojson" };
const filled = (text, values) => text.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);

function tell(text, kind = "") {
  outcome.textContent = text;
  outcome.className = kind;
}

function listProblems(rows) {
  problems.hidden = rows.length === 0;
  problems.querySelector("tbody").replaceChildren(...rows.map(({ row, field, problem, remedy }) => {
    const line = document.createElement("tr");
    for (const [at, text] of [row, field, problem, remedy].entries()) {
      const cell = Object.assign(document.createElement("td"), { textContent: text });
      if (!at) cell.className = "number";
      line.append(cell);
    }
    return line;
  }));
}

function take(request) {
  let told = {};
  try {
    told = JSON.parse(request.responseText);
  } catch {
    told = { detail: `HTTP ${request.status}` };
  }
  listProblems(told.problems ?? []);
  if (request.status >= 300) {
    tell(told.detail ?? `HTTP ${request.status}`, "bad");
    return;
  }
  const doubtful = told.clock_ahead + told.clock_behind;
  tell(filled(words.done, told) + (doubtful ? ` ${filled(words.clock, { count: doubtful })}` : ""), "good");
}

function finish() {
  button.disabled = false;
  progress.hidden = true;
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  listProblems([]);
  const chosen = file.files[0];
  const format = FORMATS[chosen?.name.split(".").pop().toLowerCase()];
  if (!format) return tell(words.format, "bad");
  if (chosen.size > words.most * 2 ** 20) return tell(filled(words.tooLarge, { most: words.most }), "bad");
  const request = new XMLHttpRequest();
  request.open("POST", `/api/tracks/files?${new URLSearchParams({ format, datum: datum.value, lang: document.documentElement.lang })}`);
  request.setRequestHeader("Content-Type", "application/octet-stream");
  request.setRequestHeader("Accept", "application/json");
  request.setRequestHeader("X-CSRF-Token", words.csrf);
  request.upload.addEventListener("progress", ({ loaded, total }) => {
    progress.value = (100 * loaded) / total;
    tell(loaded < total ? filled(words.sending, { percent: Math.round((100 * loaded) / total) }) : words.reading);
  });
  request.addEventListener("load", () => {
    take(request);
    finish();
  });
  request.addEventListener("error", () => {
    tell(words.lost, "bad");
    finish();
  });
  button.disabled = true;
  progress.hidden = false;
  progress.value = 0;
  tell(filled(words.sending, { percent: 0 }));
  return request.send(chosen);
});
