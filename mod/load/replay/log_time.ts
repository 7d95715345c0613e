/** The times of access logs. */

const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const clock = /^\[?(\d\d)\/(\w{3})\/(\d{4}):(\d\d):(\d\d):(\d\d) ([+-])(\d\d)(\d\d)\]?$/;

/** Milliseconds since the epoch of `31/Jan/2026:12:00:00 +0100`, with or without brackets; or NaN. */
export function readClock(text: string): number {
  const match = clock.exec(text);
  if (match === null) return NaN;
  const [, day, name, year, hour, minute, second, sign, zoneHour, zoneMinute] = match;
  const month = months.indexOf(name);
  if (month < 0) return NaN;
  const utc = Date.UTC(+year, month, +day, +hour, +minute, +second);
  const zoneMs = (+zoneHour * 60 + +zoneMinute) * 60_000;
  return sign === "+" ? utc - zoneMs : utc + zoneMs;
}

/** A time, and how finely it is known; both in milliseconds. */
export interface LogTime {
  readonly ms: number;
  readonly stepMs: number;
}

/** Also `2026-01-31T12:00:00.123+0100` and seconds since the epoch; null: not a time. */
export function readTime(value: unknown): LogTime | null {
  if (typeof value === "number") return fromSeconds(value);
  if (typeof value !== "string") return null;
  const text = value.trim();
  const clockMs = readClock(text);
  if (!Number.isNaN(clockMs)) return { ms: clockMs, stepMs: 1000 };
  if (/^\d{9,}(\.\d+)?$/.test(text)) return fromSeconds(Number(text), text.includes("."));
  // Date.parse knows zones with a colon only.
  const iso = text.replace(/([+-]\d\d)(\d\d)$/, "$1:$2");
  const ms = /^\d{4}-\d\d-\d\d[T ]/.test(iso) ? Date.parse(iso) : NaN;
  if (Number.isNaN(ms)) return null;
  return { ms, stepMs: /:\d\d\.\d/.test(iso) ? 1 : 1000 };
}

function fromSeconds(seconds: number, isFine = !Number.isInteger(seconds)): LogTime | null {
  // Times before 2001 are something else.
  return seconds < 1e9 ? null : { ms: seconds * 1000, stepMs: isFine ? 1 : 1000 };
}
