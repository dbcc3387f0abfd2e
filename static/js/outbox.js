// What was answered and found but not sent yet: kept on this phone, sent again after a lost connection, stored once.

const WAITS_MS = [1000, 3000, 9000, 30000];
const SLOWEST_ANSWER_MS = 20000;
const EMPTY = { answers: {}, note: null, findings: [] };

/** A request that was answered with a refusal; without `status` no answer came. */
export class Refusal extends Error {
  constructor(status, detail) {
    super(detail);
    this.status = status;
  }
}

/** Return an outbox of one inspection of one account. */
export function outbox({ key, url, csrf, onState, onSent, onRefused }) {
  const kept = { ...EMPTY, ...read(key) };
  let tries = 0;
  let timer = 0;
  let sending = null;

  const save = () => {
    try {
      localStorage.setItem(key, JSON.stringify(kept));
    } catch {
      // A full or forbidden store: what is shown on the page is still sent.
    }
  };
  const isEmpty = () => Object.keys(kept.answers).length === 0 && kept.note === null && kept.findings.length === 0;

  async function post(place, body) {
    const headers = { "Content-Type": "application/json", Accept: "application/json", "X-CSRF-Token": csrf };
    const signal = AbortSignal.timeout(SLOWEST_ANSWER_MS);
    const answer = await fetch(`${url}/${place}`, { method: "POST", headers, body: JSON.stringify(body), signal });
    const told = await answer.json().catch(() => ({}));
    if (!answer.ok) throw new Refusal(answer.status, told.detail || answer.statusText);
    return told;
  }

  async function sendAnswers() {
    const sent = { answers: { ...kept.answers }, note: kept.note };
    if (Object.keys(sent.answers).length === 0 && sent.note === null) return;
    const drop = () => {
      for (const [item, value] of Object.entries(sent.answers)) if (kept.answers[item] === value) delete kept.answers[item];
      if (kept.note === sent.note) kept.note = null;
      save();
    };
    try {
      await post("answers", { answers: sent.answers, ...(sent.note === null ? {} : { note: sent.note }) });
      drop();
    } catch (error) {
      // What is not usable would be refused for ever.
      if (error.status === 400) drop();
      throw error;
    }
  }

  async function sendFindings() {
    while (kept.findings.length) {
      const body = kept.findings[0];
      try {
        onSent(body, await post("findings", body));
      } catch (error) {
        if (error.status !== 400 && error.status !== 409) throw error;
        onRefused(body, error.message);
      }
      kept.findings.shift();
      save();
    }
  }

  /** Send all that waits; true if nothing waits then. */
  function flush() {
    sending ??= (async () => {
      // Not at once: what ends before it is remembered would be remembered for ever.
      await null;
      clearTimeout(timer);
      if (!isEmpty()) onState("sending");
      try {
        while (!isEmpty()) {
          await sendAnswers();
          await sendFindings();
        }
        tries = 0;
        onState("saved");
        return true;
      } catch (error) {
        return failed(error);
      } finally {
        sending = null;
      }
    })();
    return sending;
  }

  function failed(error) {
    if (error.status === 401) onState("logged_out");
    else if (error.status && error.status < 500) onState("refused", error.message);
    else {
      onState("kept");
      timer = setTimeout(flush, WAITS_MS[Math.min(tries, WAITS_MS.length - 1)]);
      tries += 1;
    }
    return false;
  }

  window.addEventListener("online", flush);
  return {
    kept,
    flush,
    post,
    answer(item, value) {
      kept.answers[item] = value;
      save();
    },
    note(text) {
      kept.note = text;
      save();
    },
    find(body) {
      kept.findings.push(body);
      save();
      return flush();
    },
    forget() {
      try {
        localStorage.removeItem(key);
      } catch {
        // Nothing was kept then.
      }
    },
  };
}

function read(key) {
  try {
    return JSON.parse(localStorage.getItem(key)) ?? {};
  } catch {
    return {};
  }
}
