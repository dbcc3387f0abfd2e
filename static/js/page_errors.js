// What went wrong on a page that stays open for a year: the last errors, for who looks into it.

const MOST = 20;

export const errors = [];

/** Keep an error in place of the oldest one. */
export function noteError(error) {
  errors.push(String(error?.message ?? error));
  if (errors.length > MOST) errors.shift();
}
