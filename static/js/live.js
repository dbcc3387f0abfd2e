// What the server tells an open page: the data changed, or the log-in ended. The browser reconnects by itself.

import { config, words } from "./config.js";
import { say } from "./page_controls.js";

const NOTICE_MS = 1500;
const RETRY_MS = 5000;

/** Follow the server for as long as the page is open; `onData` is called when what is shown is no longer the newest. */
export function followServer(onData) {
  const source = new EventSource(config.urls.events);
  source.addEventListener("data", (event) => {
    const { version } = JSON.parse(event.data);
    if (version === config.dataVersion) return;
    config.dataVersion = version;
    onData();
  });
  source.addEventListener("end", () => {
    source.close();
    leave();
  });
  // A refusal closes the stream for good, a lost connection does not: ask which one it was.
  source.addEventListener("error", () => source.readyState === EventSource.CLOSED && setTimeout(() => comeBack(onData), RETRY_MS));
}

async function comeBack(onData) {
  const status = await fetch(config.urls.kpi, { method: "HEAD" }).then((answer) => answer.status, () => 0);
  if (status === 401 || status === 403) leave();
  else followServer(onData);
}

function leave() {
  say(words("logged_out"));
  setTimeout(() => location.assign(`/login?next=${encodeURIComponent(location.pathname + location.search)}`), NOTICE_MS);
}
