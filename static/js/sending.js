// Changes and questions sent to our own server as JSON, with the token of the log-in.

import { byId } from "./elements.js";

const SLOWEST_MS = 30000;

/** Send JSON; a refusal carries the server's sentence and its remedy. */
export async function sendJson(address, { csrf, method = "POST", body = null }) {
  const answer = await fetch(address, {
    method,
    headers: { Accept: "application/json", "X-CSRF-Token": csrf, ...(body && { "Content-Type": "application/json" }) },
    body: body && JSON.stringify(body),
    signal: AbortSignal.timeout(SLOWEST_MS),
  });
  if (answer.ok) return answer;
  const problem = await answer.json().catch(() => ({}));
  throw new Error([problem.detail, problem.remedy].filter(Boolean).join(" ") || answer.statusText);
}

/** Send JSON and return the answer's, null for none; a refusal carries the server's sentence and its remedy. */
export async function answered(address, options) {
  const answer = await sendJson(address, options);
  return answer.status === 204 ? null : answer.json();
}

/** The same for a page with a line for problems: a refusal is shown there, and undefined returned. */
export async function answeredOrShown(address, options) {
  const problem = byId("problem");
  try {
    const told = await answered(address, options);
    problem.hidden = true;
    return told;
  } catch (error) {
    problem.textContent = error.message;
    problem.hidden = false;
    problem.scrollIntoView({ block: "nearest" });
    return undefined;
  }
}
