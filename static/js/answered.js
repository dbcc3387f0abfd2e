// What a change sent to our own server is answered with.

import { sendJson } from "./sending.js";

/** Send JSON and return the answer's, null for none; a refusal carries the server's sentence and its remedy. */
export async function answered(address, body, { csrf, method = "POST" }) {
  const answer = await sendJson(address, { csrf, method, body: body ?? undefined });
  return answer.status === 204 ? null : answer.json();
}
