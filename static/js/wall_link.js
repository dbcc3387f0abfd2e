// The wall's ear: one stream from the server that is taken up again by itself, whatever happened to server or network.

const STALE_MS = 15000;
const SILENT_MS = 40000;
const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 15000;
const LOOK_MS = 1000;
const TOLD = ["hazard", "alert", "alerts", "wall", "scenes"];

/**
 * Follow the server for as long as the page is open.
 *
 * `on.event(name, data)` is called once for each event, `on.positions(list)`, `on.data()`, `on.back()` when a connection
 * stands (what is shown has to be read anew), `on.state("fresh" | "stale")`, `on.end()` when nobody is logged in.
 */
export function followEvents(address, on) {
  let source = null;
  let lastId = "";
  let heardAt = Date.now();
  let pause = FIRST_PAUSE_MS;
  let timer = 0;
  let state = "";

  function tellState(now) {
    if (now === state) return;
    state = now;
    on.state(now);
  }

  function heard() {
    heardAt = Date.now();
    pause = FIRST_PAUSE_MS;
    tellState("fresh");
  }

  function listen(name, act) {
    source.addEventListener(name, (event) => {
      heard();
      act(event.data ? JSON.parse(event.data) : null, event);
    });
  }

  function take({ lastEventId }) {
    // A stream that is taken up again may begin with what was heard last.
    if (lastId && Number(lastEventId) <= Number(lastId)) return false;
    lastId = lastEventId;
    return true;
  }

  function connect() {
    source?.close();
    heardAt = Date.now();
    source = new EventSource(address + (lastId ? `?after=${lastId}` : ""));
    listen("begin", (data, event) => {
      if (data.reset || !lastId) lastId = event.lastEventId;
      on.back();
    });
    for (const name of TOLD) listen(name, (data, event) => take(event) && on.event(name, data));
    listen("positions", (data) => on.positions(data));
    listen("data", () => on.data());
    listen("still", () => {});
    listen("end", () => again(on.end));
    source.addEventListener("error", () => source.readyState === EventSource.CLOSED && again());
  }

  function again(first = () => {}) {
    source?.close();
    clearTimeout(timer);
    timer = setTimeout(() => {
      first();
      connect();
    }, pause * (0.75 + Math.random() / 2));
    pause = Math.min(pause * 2, LONGEST_PAUSE_MS);
  }

  setInterval(() => {
    const silence = Date.now() - heardAt;
    if (silence > STALE_MS) tellState("stale");
    // A connection that looks open and says nothing is dead.
    if (silence > SILENT_MS && source.readyState !== EventSource.CLOSED) connect();
  }, LOOK_MS);
  connect();
  return { get lastId() { return lastId; }, get state() { return state; } };
}
