/**
 * Values of a run as JSON that gives them back: plans, statistics and variables of scripts hold more
 * than JSON knows (Infinity, bytes, histograms, what structuredClone keeps).
 */
import { Histogram } from "../../../metrics/histogram.ts";
import { ThreadStats } from "../../stats/thread_stats.ts";
import type { ExtraTime } from "../../plan/extra_times.ts";

/** Deeper values, and those that contain themselves, are left out. */
const depthMax = 64;
/** The only member of what JSON has no form for: `{"$": [name, ...parts]}`. */
const tag = "$";

type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json };

/** What becomes JSON. Functions and objects of unknown classes become undefined. */
export function encodeValue(value: unknown, depth = 0): Json {
  if (depth > depthMax) return tagged("undefined");
  const inner = (each: unknown) => encodeValue(each, depth + 1);
  switch (typeof value) {
    case "string":
    case "boolean":
      return value;
    case "number":
      return Number.isFinite(value) && !Object.is(value, -0) ? value : tagged("number", `${value}`);
    case "bigint":
      return tagged("bigint", `${value}`);
    case "object":
      break;
    default:
      return tagged("undefined");
  }
  if (value === null) return null;
  if (Array.isArray(value)) return value.map(inner);
  if (value instanceof Uint8Array) return tagged("bytes", value.toBase64());
  if (value instanceof Float64Array) return tagged("numbers", value.length, sparse(value));
  if (value instanceof Histogram) return tagged("histogram", sparse(value.slots));
  if (value instanceof ThreadStats) return encodeStats(value);
  if (value instanceof Date) return tagged("date", value.getTime());
  if (value instanceof Map) return tagged("map", [...value].map(inner));
  if (value instanceof Set) return tagged("set", [...value].map(inner));
  const prototype = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return tagged("undefined");
  const entries = Object.entries(value).map(([name, each]): [string, Json] => [name, inner(each)]);
  return entries.some(([name]) => name === tag || name === "__proto__")
    ? tagged("object", entries)
    : Object.fromEntries(entries);
}

/** The value that `encodeValue` was given. Throws `SyntaxError` for what it never returns. */
export function decodeValue(json: unknown): unknown {
  if (typeof json !== "object" || json === null) return json;
  if (Array.isArray(json)) return json.map(decodeValue);
  const parts = (json as Record<string, unknown>)[tag];
  if (parts === undefined) {
    return Object.fromEntries(
      Object.entries(json).map(([name, value]) => [name, decodeValue(value)]),
    );
  }
  if (!Array.isArray(parts)) throw new SyntaxError(`a value tagged ${JSON.stringify(parts)}`);
  return untag(String(parts[0]), parts.slice(1));
}

function tagged(name: string, ...parts: readonly Json[]): Json {
  return { [tag]: [name, ...parts] };
}

function untag(name: string, parts: readonly unknown[]): unknown {
  switch (name) {
    case "undefined":
      return undefined;
    case "number":
      return Number(parts[0]);
    case "bigint":
      return BigInt(String(parts[0]));
    case "bytes":
      return Uint8Array.fromBase64(String(parts[0]));
    case "numbers":
      return filled(new Float64Array(Number(parts[0])), parts[1]);
    case "histogram": {
      const histogram = new Histogram();
      filled(histogram.slots, parts[0]);
      return histogram;
    }
    case "stats":
      return decodeStats(parts);
    case "date":
      return new Date(Number(parts[0]));
    case "map":
      return new Map(
        (parts[0] as unknown[]).map((pair) => decodeValue(pair) as [unknown, unknown]),
      );
    case "set":
      return new Set((parts[0] as unknown[]).map(decodeValue));
    case "object": {
      const entries = parts[0] as [string, unknown][];
      return Object.fromEntries(entries.map(([key, value]) => [key, decodeValue(value)]));
    }
    default:
      throw new SyntaxError(`a value tagged ${JSON.stringify(name)}`);
  }
}

function encodeStats(
  { counters, statuses, latency, serviceTime, connectTime, extra }: ThreadStats,
) {
  const histograms = [latency, serviceTime, connectTime, ...extra.values()];
  return tagged(
    "stats",
    [...extra.keys()],
    sparse(counters),
    sparse(statuses),
    histograms.map(({ slots }) => sparse(slots)),
  );
}

function decodeStats([names, counters, statuses, histograms]: readonly unknown[]): ThreadStats {
  const stats = ThreadStats.make(names as ExtraTime[]);
  filled(stats.counters, counters);
  filled(stats.statuses, statuses);
  const all = [stats.latency, stats.serviceTime, stats.connectTime, ...stats.extra.values()];
  all.forEach((histogram, index) => filled(histogram.slots, (histograms as unknown[])[index]));
  return stats;
}

/** Positions and values of those that are not 0, in turn. */
function sparse(numbers: Float64Array): number[] {
  const list: number[] = [];
  numbers.forEach((value, index) => {
    if (value !== 0) list.push(index, value);
  });
  return list;
}

function filled(numbers: Float64Array, list: unknown): Float64Array {
  if (!Array.isArray(list)) throw new SyntaxError("statistics without their numbers");
  for (let at = 0; at < list.length; at += 2) numbers[list[at]] = list[at + 1];
  return numbers;
}
