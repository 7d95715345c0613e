/**
 * Numbers with units, as h2o.conf, nginx and Tengine write them. Every function returns null for
 * invalid text, so that the caller can say what is allowed.
 */

/** A whole number in decimal, 0 to 2^53-1. */
export function parseCount(text: string): number | null {
  if (!/^[0-9]{1,15}$/.test(text)) return null;
  return Number(text);
}

const durationUnits: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/**
 * Milliseconds from `10s`, `1m30s`, `500ms`, `1h`, or `30 seconds` as in `parseAge`. A bare number
 * is in units of `bareUnitMs`: 1 if the directive is in milliseconds (h2o's proxy.timeout), 1000 if
 * it is in seconds.
 */
export function parseDuration(text: string, bareUnitMs: number): number | null {
  const ageS = parseAge(text);
  if (ageS !== null) return ageS * 1000;
  if (/^[0-9]{1,12}(\.[0-9]{1,3})?$/.test(text)) return Math.round(Number(text) * bareUnitMs);
  if (!/^([0-9]{1,12}(\.[0-9]{1,3})?(ms|[smhd]))+$/.test(text)) return null;
  let total = 0;
  for (const [, amount, , unit] of text.matchAll(/([0-9]+(\.[0-9]+)?)(ms|[smhd])/g)) {
    total += Number(amount) * durationUnits[unit];
  }
  return Math.round(total);
}

const sizeUnits: Readonly<Record<string, number>> = { "": 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3 };

/** Bytes from `4096`, `64k`, `16M`, `1G` (powers of 1024; also `kB` and `KiB`). */
export function parseBytes(text: string): number | null {
  const match = /^([0-9]{1,15})\s?([kmg]?)(i?b)?$/i.exec(text);
  if (match === null) return null;
  const bytes = Number(match[1]) * sizeUnits[match[2].toLowerCase()];
  return Number.isSafeInteger(bytes) ? bytes : null;
}

/** h2o's flag: `ON` or `OFF`, in any case. */
export function parseSwitch(text: string): boolean | null {
  switch (text.toUpperCase()) {
    case "ON":
    case "YES":
    case "TRUE":
      return true;
    case "OFF":
    case "NO":
    case "FALSE":
      return false;
  }
  return null;
}

const ageUnits: Readonly<Record<string, number>> = {
  second: 1,
  minute: 60,
  hour: 3600,
  day: 86_400,
  month: 30 * 86_400,
  year: 365 * 86_400,
};

/** Seconds from `1 day`, `30 seconds`, `2hours`: the units of h2o's `expires`. */
export function parseAge(text: string): number | null {
  const match = /^([0-9]{1,9})\s*(second|minute|hour|day|month|year)s?$/i.exec(text.trim());
  return match === null ? null : Number(match[1]) * ageUnits[match[2].toLowerCase()];
}
