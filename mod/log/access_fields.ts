/** The conversions of an access-log format. Each writes one field, or reports that it is absent. */
import type { AccessRecord, ProxyBytes, Timing, UpstreamFact } from "./access_record.ts";
import type { KeptText } from "./kept_text.ts";
import type { Escape, LineBuffer } from "./line_buffer.ts";
import { strftime } from "./strftime.ts";

const utf8 = new TextEncoder();
const question = 0x3f;

/** Data with a small cost, collected only for formats that use it. */
export type AccessNeed = "head" | "host" | "local" | "original" | "upstreamTls" | "tls";

/** Writes a field and returns true, or returns false when the record has no value for it. */
export type FieldWriter = (out: LineBuffer, record: AccessRecord, escape: Escape) => boolean;

/** `%h`. */
export const plainFields: Readonly<Record<string, FieldWriter>> = {
  A: (out, record) => address(out, record.localAddress()),
  b: (out, record) => whole(out, record.responseBodyBytes),
  H: (out, record) => {
    if (record.protocol === "") return false;
    out.ascii(record.protocol);
    return true;
  },
  h: (out, record) => address(out, record.remoteAddress()),
  l: () => false,
  m: (out, record, escape) => record.method !== "" && peerText(out, record.method, escape),
  p: (out, record) => whole(out, record.localPort()),
  q: (out, { target }, escape) => {
    if (typeof target !== "string") {
      const at = target.find(question);
      if (at >= 0) out.escapedText(target, escape, at);
      return true;
    }
    const at = target.indexOf("?");
    if (at >= 0) out.escaped(target.slice(at), escape);
    return true;
  },
  r: requestLine,
  s: (out, record) => record.status !== 0 && whole(out, record.status),
  t: timestamp("[%d/%b/%Y:%H:%M:%S %z]"),
  U: (out, { target }, escape) => {
    if (target === "") return false;
    if (typeof target !== "string") {
      const at = target.find(question);
      out.escapedText(target, escape, target.start, at < 0 ? target.end : at);
      return true;
    }
    const at = target.indexOf("?");
    out.escaped(at < 0 ? target : target.slice(0, at), escape);
    return true;
  },
  u: (out, record, escape) => peerText(out, record.variable("REMOTE_USER"), escape),
  V: (out, record, escape) => peerText(out, record.authority, escape),
  v: (out, record, escape) => peerText(out, record.hostName, escape),
};

/** `%<s`: the first response, before an error document or internal redirect replaced it. */
export const originalFields: Readonly<Record<string, FieldWriter>> = {
  s: (out, record) => record.originalStatus !== 0 && whole(out, record.originalStatus),
};

/** `%{...}t`. */
export function timeField(name: string): FieldWriter {
  switch (name) {
    case "sec":
      return (out, record) => whole(out, Math.floor(record.receivedAtMs / 1000));
    case "msec":
      return (out, record) => whole(out, Math.floor(record.receivedAtMs));
    case "usec":
      return (out, record) => whole(out, Math.floor(record.receivedAtMs * 1000));
    case "msec_frac":
      return (out, record) => digits(out, Math.floor(record.receivedAtMs % 1000), 3);
    case "usec_frac":
      return (out, record) => digits(out, Math.floor(record.receivedAtMs % 1000 * 1000), 6);
    default:
      return timestamp(name);
  }
}

const timings: Readonly<Record<string, Timing>> = {
  "connect-time": "connect",
  "request-header-time": "request-header",
  "request-body-time": "request-body",
  "request-total-time": "request-total",
  "process-time": "process",
  "response-time": "response",
  "duration": "total",
  "total-time": "total",
  "proxy.idle-time": "proxy.idle",
  "proxy.connect-time": "proxy.connect",
  "proxy.request-time": "proxy.request",
  "proxy.process-time": "proxy.process",
  "proxy.response-time": "proxy.response",
  "proxy.total-time": "proxy.total",
};

const proxyBytes: Readonly<Record<string, ProxyBytes>> = {
  "proxy.request-bytes": "request",
  "proxy.request-bytes-header": "request-header",
  "proxy.request-bytes-body": "request-body",
  "proxy.response-bytes": "response",
  "proxy.response-bytes-header": "response-header",
  "proxy.response-bytes-body": "response-body",
};

const upstreamFacts: Readonly<Record<string, UpstreamFact>> = {
  "upstream-name": "name",
  "upstream-addr": "addr",
  "upstream-tries": "tries",
  "upstream-status": "status",
};

const counters: Readonly<Record<string, (record: AccessRecord) => number>> = {
  "connection-id": (record) => record.connectionId,
  "http1.request-index": (record) => record.requestIndex,
  "request-body-bytes": (record) => record.requestBodyBytes,
  "response-header-bytes": (record) => record.responseHeadBytes,
};

/** The data that `%{NAME}x` needs collected during the exchange. */
export function needOf(name: string): AccessNeed | null {
  if (name === "process-time" || name === "response-time") return "head";
  if (name.startsWith("proxy.ssl.")) return "upstreamTls";
  return name.startsWith("ssl.") ? "tls" : null;
}

/** `%{...}x`. An unknown name writes an empty field, as in h2o. */
export function extendedField(name: string): FieldWriter {
  const timing = timings[name];
  if (timing !== undefined) return (out, record) => duration(out, record.timingMs(timing));
  const bytes = proxyBytes[name];
  if (bytes !== undefined) return (out, record) => whole(out, record.proxyBytes(bytes));
  const counter = counters[name];
  if (counter !== undefined) return (out, record) => whole(out, counter(record));
  const fact = upstreamFacts[name];
  if (fact !== undefined) {
    return (out, record, escape) => upstreamFact(out, record.upstream(fact), escape);
  }
  if (name === "request-id") {
    return (out, record, escape) => peerText(out, record.requestId(), escape);
  }
  if (name === "error") return (out, record, escape) => peerText(out, record.error, escape);
  const tls = /^(proxy\.)?ssl\.(.+)$/.exec(name);
  if (tls === null) return () => false;
  const key = `${tls[1] ?? ""}${tls[2]}`;
  return (out, record, escape) => peerText(out, record.tls(key), escape);
}

function requestLine(out: LineBuffer, record: AccessRecord, escape: Escape): boolean {
  if (record.protocol === "") {
    if (!record.rawLine) return false;
    out.escaped(record.rawLine, escape);
    return true;
  }
  out.escaped(record.method, escape);
  out.byte(0x20);
  peerText(out, record.target, escape);
  out.byte(0x20);
  out.ascii(record.protocol);
  return true;
}

/** Caches the text, which changes once a second. */
function timestamp(pattern: string): FieldWriter {
  let second = NaN;
  let bytes = new Uint8Array(0);
  return (out, record) => {
    const now = Math.floor(record.receivedAtMs / 1000);
    if (now !== second) {
      second = now;
      bytes = utf8.encode(strftime(pattern, new Date(now * 1000)));
    }
    out.copy(bytes);
    return true;
  };
}

/** Seconds with six decimals, omitted when all are zero: `0`, `0.000123`, `1.500000`. */
function duration(out: LineBuffer, ms: number): boolean {
  if (!(ms >= 0)) return false;
  const us = Math.round(ms * 1000);
  out.number(Math.floor(us / 1_000_000));
  if (us % 1_000_000 === 0) return true;
  out.byte(0x2e);
  out.padded(us % 1_000_000, 6);
  return true;
}

function whole(out: LineBuffer, value: number | null): boolean {
  if (value === null || !(value >= 0)) return false;
  out.number(value);
  return true;
}

function upstreamFact(out: LineBuffer, value: string | number | null, escape: Escape): boolean {
  return typeof value === "number" ? whole(out, value) : peerText(out, value, escape);
}

function digits(out: LineBuffer, value: number, width: number): boolean {
  out.padded(value, width);
  return true;
}

function address(out: LineBuffer, text: string | null): boolean {
  if (text === null) return false;
  out.ascii(text);
  return true;
}

/** An empty text is a present but empty field, as in h2o. */
export function peerText(
  out: LineBuffer,
  text: string | KeptText | null,
  escape: Escape,
): boolean {
  if (text === null) return false;
  if (typeof text === "string") out.escaped(text, escape);
  else out.escapedText(text, escape);
  return true;
}
