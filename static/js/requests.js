// Questions to our own server, answered in JSON.

const SLOWEST_ANSWER_MS = 20000;

/** Fetch JSON; a failure carries the sentence the server gave (problem+json), where it gave one. */
export async function fetchJson(address, signal = undefined) {
  const limits = [AbortSignal.timeout(SLOWEST_ANSWER_MS), ...(signal ? [signal] : [])];
  const answer = await fetch(address, { headers: { Accept: "application/json" }, signal: AbortSignal.any(limits) });
  if (answer.ok) return answer.json();
  const problem = await answer.json().catch(() => ({}));
  throw Object.assign(new Error(problem.detail || answer.statusText), { status: answer.status });
}
