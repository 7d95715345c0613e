/** Readers of load's own option values. Pure: text in, value or `Wrong` out. */
import { parseIp } from "../../base/ip.ts";
import { formatIp } from "../../base/ip.ts";
import { readCount, readDurationMs, Wrong } from "../../cli/mod.ts";
import { formatDuration } from "../../std/duration.ts";
import type { ConnectTo } from "../plan/plan.ts";
import { type HeaderField, isMethod, parseHeader } from "../request/request_bytes.ts";
import type { Stage } from "../plan/schedule.ts";
import { parseTarget, type Target } from "../plan/target.ts";
import { parseTemplateTarget } from "../plan/template_target.ts";
import { parseCondition, parseThreshold, type Threshold } from "../plan/threshold.ts";

/** More local addresses have no use: each has about 28,000 ports. */
const sourcesMax = 1024;
const rateHelp = "a rate such as 500, 50k or 0.5, in requests a second";

/** The start and the end of a rate; equal when it is constant. */
export interface RateRange {
  readonly start: number;
  readonly end: number;
}

/** `50k`, or `1k:50k` for a ramp. */
export function readRate(text: string): RateRange | Wrong {
  const parts = text.split(":");
  const rates = parts.map(readRateNumber);
  if (parts.length > 2 || rates.some(Number.isNaN)) {
    return new Wrong(`not ${rateHelp}, or a ramp A:B`);
  }
  const range = { start: rates[0], end: rates[rates.length - 1] };
  return range.start + range.end > 0 ? range : new Wrong("a rate of 0 sends nothing");
}

function readRateNumber(text: string): number {
  return /^\d*\.\d+$/.test(text) ? Number(text) : readCount(text);
}

/** `10s:1k,30s:5k`: 10 s at 1k, then 30 s at 5k; `10s:1k-5k` ramps. */
export function readStages(text: string): readonly Stage[] | Wrong {
  const stages: Stage[] = [];
  for (const part of text.split(",")) {
    const match = /^([^:]+):([^:-]+)(?:-([^:-]+))?$/.exec(part.trim());
    const durationMs = match === null ? NaN : readDurationMs(match[1]);
    const rateStart = match === null ? NaN : readRateNumber(match[2]);
    const rateEnd = match === null ? NaN : readRateNumber(match[3] ?? match[2]);
    if (!(durationMs > 0) || Number.isNaN(rateStart + rateEnd)) {
      return new Wrong(`${part.trim() || "an empty stage"} is not TIME:RATE or TIME:FROM-TO`);
    }
    stages.push({ durationMs, rateStart, rateEnd });
  }
  return stages.some((stage) => stage.rateStart + stage.rateEnd > 0)
    ? stages
    : new Wrong("stages at a rate of 0 send nothing");
}

/** `isTemplate`: path and query may have placeholders. */
export function readTarget(text: string, isTemplate = false): Target | Wrong {
  const target = isTemplate ? parseTemplateTarget(text) : parseTarget(text);
  return typeof target === "string" ? new Wrong(target) : target;
}

export function readHeader(text: string): HeaderField | Wrong {
  const field = parseHeader(text);
  return typeof field === "string" ? new Wrong(field) : field;
}

export function readMethod(text: string): string | Wrong {
  return isMethod(text) ? text : new Wrong("no HTTP method");
}

export function readThreshold(text: string): Threshold | Wrong {
  const threshold = parseThreshold(text);
  return typeof threshold === "string" ? new Wrong(threshold) : threshold;
}

/** A condition that has to hold. */
export function readCondition(text: string): Threshold | Wrong {
  const condition = parseCondition(text);
  return typeof condition === "string" ? new Wrong(condition) : condition;
}

/** A rate of its own, without a ramp. */
export function readSteadyRate(text: string): number | Wrong {
  const rate = readRateNumber(text);
  return rate > 0 ? rate : new Wrong(`not ${rateHelp}`);
}

/** A field's name is a token, as a method is (RFC 9110 5.1). */
export function readFieldName(text: string): string | Wrong {
  return isMethod(text) ? text : new Wrong("no field name");
}

/** `50,90,99.9`, sorted, without repeats. */
export function readPercentiles(text: string): readonly number[] | Wrong {
  const numbers = text.split(",").map((part) =>
    /^\s*\d+(\.\d+)?\s*$/.test(part) ? Number(part) : NaN
  );
  if (numbers.some((number) => !(number <= 100))) return new Wrong("not numbers from 0 to 100");
  return [...new Set(numbers)].sort((a, b) => a - b);
}

/** An IP address, or the usable addresses of a CIDR block. */
export function readSources(text: string): readonly string[] | Wrong {
  const [host, prefixText, ...rest] = text.split("/");
  const bytes = parseIp(host);
  if (bytes === null || rest.length > 0) {
    return new Wrong("not an IP address or a block such as 127.0.0.0/8");
  }
  if (prefixText === undefined) return [host];
  const bits = bytes.length * 8;
  const prefix = /^\d+$/.test(prefixText) ? Number(prefixText) : NaN;
  if (!(prefix <= bits)) return new Wrong(`the prefix is not 0 to ${bits}`);
  return expandBlock(bytes, prefix);
}

function expandBlock(bytes: Uint8Array, prefix: number): string[] {
  const bits = bytes.length * 8;
  const hostBits = BigInt(bits - prefix);
  let value = 0n;
  for (const byte of bytes) value = value << 8n | BigInt(byte);
  const base = value >> hostBits << hostBits;
  const size = 1n << hostBits;
  // A block's first address names the network and its last one is the broadcast address.
  const first = size > 2n ? 1n : 0n;
  const end = size > 2n ? size - 1n : size;
  const addresses: string[] = [];
  for (let offset = first; offset < end && addresses.length < sourcesMax; offset++) {
    let rest = base + offset;
    const address = new Uint8Array(bytes.length);
    for (let i = bytes.length - 1; i >= 0; i--, rest >>= 8n) address[i] = Number(rest & 255n);
    addresses.push(formatIp(address));
  }
  return addresses;
}

/** `HOST:PORT`, or curl's `FROMHOST:FROMPORT:HOST:PORT` with empty parts for "any" or "the same". */
export function readConnectTo(text: string): ConnectTo | Wrong {
  const part = "(\\[[^\\]]*\\]|[^:\\[\\]]*)";
  const long = new RegExp(`^${part}:(\\d*):${part}:(\\d*)$`).exec(text);
  const short = new RegExp(`^${part}(?::(\\d+))?$`).exec(text);
  const bare = (host: string) => host.replace(/^\[|\]$/g, "");
  const port = (digits: string | undefined) => digits ? Number(digits) : null;
  if (long !== null && long[3] !== "") {
    return {
      fromHost: bare(long[1]) || null,
      fromPort: port(long[2]),
      host: bare(long[3]),
      port: port(long[4]),
    };
  }
  if (short !== null && short[1] !== "") {
    return { fromHost: null, fromPort: null, host: bare(short[1]), port: port(short[2]) };
  }
  return new Wrong("not HOST:PORT or FROMHOST:FROMPORT:HOST:PORT");
}

/** `2026-01-31T12:00:00Z`, `1767225600.5`, or `12:00:30`: the next time the local clock shows it. */
export function readStartAt(text: string, nowMs: number = Date.now()): number | Wrong {
  const atMs = readTime(text, nowMs);
  if (Number.isNaN(atMs)) {
    return new Wrong("not a time such as 12:00:30, 2026-01-31T12:00:00Z or 1767225600.5");
  }
  if (atMs >= nowMs) return atMs;
  const past = formatDuration(nowMs - atMs);
  return new Wrong(`this time was ${past} ago: it must be in the future`);
}

/** Milliseconds since the epoch; NaN: not a time. */
function readTime(text: string, nowMs: number): number {
  // date +%s.%N prints seconds; the @ is that of date --date.
  const epoch = /^@?(\d+(?:\.\d+)?)$/.exec(text);
  if (epoch !== null) return Number(epoch[1]) * 1000;
  const clock = /^(\d{1,2}):(\d\d)(?::(\d\d))?$/.exec(text);
  if (clock === null) return /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text) : NaN;
  const [hours, minutes, seconds] = clock.slice(1).map((digits) => Number(digits ?? 0));
  if (hours > 23 || minutes > 59 || seconds > 59) return NaN;
  const then = new Date(nowMs);
  then.setHours(hours, minutes, seconds, 0);
  if (then.getTime() < nowMs) then.setDate(then.getDate() + 1);
  return then.getTime();
}
