/** Durations for people: a view of @std/fmt. */
import { format } from "@std/fmt/duration";

/** `3 days, 4 hours`, `12 seconds`: the two largest units, without those that are 0. */
export function formatDuration(ms: number): string {
  const text: string = format(wholeSeconds(ms), { style: "full", ignoreZero: true });
  return text.split(", ").slice(0, 2).join(", ") || "0 seconds";
}

/** `4d 1h`, `1m 0s`, `59s`: the largest unit and the next one. */
export function formatShortDuration(ms: number): string {
  const text: string = format(wholeSeconds(ms), { style: "narrow" });
  return /[1-9]\d*[dhm] \d+[hms]|\d+s/.exec(text)![0];
}

function wholeSeconds(ms: number): number {
  return Math.floor(ms / 1000) * 1000;
}
