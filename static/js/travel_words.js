// Times, distances and areas in words.

import { formatNumber, words } from "./config.js";

/** Return seconds of travel as minutes, at least one. */
export const minutesOf = (seconds) => words("minutes_count", { count: formatNumber(Math.max(1, Math.round(seconds / 60))) });

/** Return metres in words, in kilometres from a thousand on. */
export const metresOf = (metres) => (metres < 1000 ? `${formatNumber(metres, metres < 100 && !Number.isInteger(metres) ? 1 : 0)} m` : `${formatNumber(metres / 1000, 2)} km`);

/** Return square metres in words, with hectares below a square kilometre. */
export function squareOf(squareMetres) {
  if (squareMetres < 10_000) return `${formatNumber(squareMetres)} m²`;
  if (squareMetres < 1_000_000) return `${formatNumber(squareMetres / 10_000, 2)} ha`;
  return `${formatNumber(squareMetres / 1_000_000, 3)} km²`;
}

/** Return a row's name in the reader's language, the other one where that is missing. */
export const nameOf = (row, locale) => (locale === "en" ? row.name_en || row.name_zh : row.name_zh || row.name_en) || row.code || "";
