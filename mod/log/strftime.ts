/** Wall-clock times as text, in the local zone and the C locale (strftime(3)). */

const days = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
const months = [
  "January",
  "February",
  "March",
  "April",
  "May",
  "June",
  "July",
  "August",
  "September",
  "October",
  "November",
  "December",
];

/** The conversions of strftime(3). */
const conversions: Readonly<Record<string, (date: Date) => string>> = {
  a: (date) => (days[date.getDay()] as string).slice(0, 3),
  A: (date) => days[date.getDay()] as string,
  b: (date) => (months[date.getMonth()] as string).slice(0, 3),
  B: (date) => months[date.getMonth()] as string,
  c: (date) => strftime("%a %b %e %H:%M:%S %Y", date),
  C: (date) => pad(Math.floor(date.getFullYear() / 100), 2),
  d: (date) => pad(date.getDate(), 2),
  D: (date) => strftime("%m/%d/%y", date),
  e: (date) => pad(date.getDate(), 2, " "),
  F: (date) => strftime("%Y-%m-%d", date),
  h: (date) => (months[date.getMonth()] as string).slice(0, 3),
  H: (date) => pad(date.getHours(), 2),
  I: (date) => pad((date.getHours() + 11) % 12 + 1, 2),
  j: (date) => pad(dayOfYear(date), 3),
  k: (date) => pad(date.getHours(), 2, " "),
  l: (date) => pad((date.getHours() + 11) % 12 + 1, 2, " "),
  m: (date) => pad(date.getMonth() + 1, 2),
  M: (date) => pad(date.getMinutes(), 2),
  n: () => "\n",
  p: (date) => date.getHours() < 12 ? "AM" : "PM",
  r: (date) => strftime("%I:%M:%S %p", date),
  R: (date) => strftime("%H:%M", date),
  s: (date) => String(Math.floor(date.getTime() / 1000)),
  S: (date) => pad(date.getSeconds(), 2),
  t: () => "\t",
  T: (date) => strftime("%H:%M:%S", date),
  u: (date) => String(date.getDay() || 7),
  w: (date) => String(date.getDay()),
  x: (date) => strftime("%m/%d/%y", date),
  X: (date) => strftime("%H:%M:%S", date),
  y: (date) => pad(date.getFullYear() % 100, 2),
  Y: (date) => String(date.getFullYear()),
  z: (date) => zoneOffset(date, ""),
  Z: (date) => zoneName(date),
  "%": () => "%",
};

/** `pattern` with its conversions replaced; unknown ones are kept, as in glibc. */
export function strftime(pattern: string, date: Date): string {
  return pattern.replace(
    /%[EO_0^-]?([a-zA-Z%])/g,
    (whole, letter: string) => conversions[letter]?.(date) ?? whole,
  );
}

/** `2026-11-23T14:40:52+01:00`. */
export function isoLocal(date: Date): string {
  return strftime("%Y-%m-%dT%H:%M:%S", date) + zoneOffset(date, ":");
}

function zoneOffset(date: Date, separator: string): string {
  const minutes = -date.getTimezoneOffset();
  const size = Math.abs(minutes);
  return `${minutes < 0 ? "-" : "+"}${pad(Math.floor(size / 60), 2)}${separator}${
    pad(size % 60, 2)
  }`;
}

function zoneName(date: Date): string {
  return /\(([A-Z]{2,5})\)/.exec(date.toString())?.[1] ??
    (date.getTimezoneOffset() === 0 ? "UTC" : zoneOffset(date, ""));
}

function dayOfYear(date: Date): number {
  const start = Date.UTC(date.getFullYear(), 0, 1);
  return (Date.UTC(date.getFullYear(), date.getMonth(), date.getDate()) - start) / 86_400_000 + 1;
}

function pad(value: number, width: number, fill = "0"): string {
  return String(value).padStart(width, fill);
}
