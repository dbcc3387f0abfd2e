// Changes and questions sent to our own server as JSON, with the token of the log-in.

const SLOWEST_MS = 30000;

/** Send JSON; a refusal carries the server's sentence and its remedy. */
export async function sendJson(address, { csrf, method = "POST", body = undefined }) {
  const answer = await fetch(address, {
    method,
    headers: { Accept: "application/json", "Content-Type": "application/json", "X-CSRF-Token": csrf },
    body: body === undefined ? undefined : JSON.stringify(body),
    signal: AbortSignal.timeout(SLOWEST_MS),
  });
  if (answer.ok) return answer;
  const problem = await answer.json().catch(() => ({}));
  throw new Error([problem.detail, problem.remedy].filter(Boolean).join(" ") || answer.statusText);
}
