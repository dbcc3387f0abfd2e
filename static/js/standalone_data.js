// Takes the place of requests.js in an exported file: what the server would answer lies in the file itself.

import { config } from "./config.js";

/** Return what an address would answer. */
export async function fetchJson(address) {
  return config.answers[address.split("?")[0]];
}
