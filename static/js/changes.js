// Changes sent to our own server from a page; what goes wrong is said in the page.

import { byId } from "./elements.js";

/** Send a change; return the answer's JSON (null without one), or undefined after a refusal, which the page then shows. */
export async function send(csrf, address, { method = "POST", body = undefined } = {}) {
  const headers = { Accept: "application/json", "X-CSRF-Token": csrf, ...(body ? { "Content-Type": "application/json" } : {}) };
  const answer = await fetch(address, { method, headers, body: body && JSON.stringify(body) }).catch(() => null);
  const problem = byId("problem");
  if (answer?.ok) {
    problem.hidden = true;
    return answer.status === 204 ? null : answer.json();
  }
  const told = await answer?.json().catch(() => ({}));
  problem.textContent = told?.detail ?? answer?.statusText ?? "";
  problem.hidden = false;
  problem.scrollIntoView({ block: "nearest" });
  return undefined;
}
