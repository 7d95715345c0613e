/** The flags of `hayate load`: the requests. */
import type { OptionSpec } from "../../cli/mod.ts";
import { answerKinds } from "../plan/web_socket.ts";
import { readHeader, readMethod } from "./option_values.ts";

const request = "Request";

export const requestFlags = [
  {
    long: "method",
    short: "X",
    kind: "parsed",
    parse: readMethod,
    placeholder: "WORD",
    defaultText: "GET, or POST with a body",
    section: request,
    help: "The request's method.",
  },
  {
    long: "header",
    short: "H",
    kind: "parsed",
    parse: readHeader,
    placeholder: "'K: V'",
    repeat: true,
    section: request,
    help: "A header field.",
  },
  {
    long: "body",
    short: "b",
    kind: "string",
    placeholder: "TEXT|@FILE",
    section: request,
    help:
      "The request's body, or @ and the file that has it; @@ at the start is an @. With ws:// " +
      "and wss:// the message: text if it is UTF-8.",
  },
  {
    long: "body-file",
    kind: "string",
    placeholder: "FILE",
    section: request,
    help: "A file with the request's body.",
  },
  {
    long: "host",
    kind: "string",
    placeholder: "NAME",
    section: request,
    help: "Value of the Host field, instead of the URL's.",
  },
  {
    long: "template",
    kind: "flag",
    section: request,
    help: "Fill in {rand:1:100}, {seq:1}, {line:FILE} and {uuid} in URLs, fields and body for " +
      "each request; {{ is a brace. See: hayate help load templates.",
  },
  {
    long: "http2",
    kind: "flag",
    section: request,
    help: "Use HTTP/2: negotiated with ALPN over TLS, with prior knowledge otherwise. Fields of " +
      "HTTP/1.1 connections, such as Connection, are not sent.",
  },
  {
    long: "streams",
    short: "m",
    kind: "integer",
    min: 1,
    max: 10_000,
    default: 1,
    section: request,
    help: "With --http2: requests at once on each connection, each on a stream of its own.",
  },
  {
    long: "sse",
    kind: "flag",
    section: request,
    help:
      "Responses are event streams (text/event-stream), and are held: counts their events, the " +
      "time to the first one and the gaps. -c times -m streams at once; -n and -R count streams. " +
      "See: hayate help load streams.",
  },
  {
    long: "reconnect",
    kind: "flag",
    section: request,
    help:
      "With --sse: when a stream has ended, wait and open it again as an EventSource does, with " +
      "Last-Event-ID. Without it the next stream is opened at once.",
  },
  {
    long: "answer",
    kind: "enum",
    values: answerKinds,
    default: "any",
    placeholder: "KIND",
    section: request,
    help: "With ws:// and wss://: what answers a message: any, the next one that arrives; echo, " +
      "the next one with the same content; none: with -R messages are only sent, without it sockets " +
      "are only held, and what arrives is counted.",
  },
  {
    long: "binary",
    kind: "flag",
    section: request,
    help: "With ws:// and wss://: the message is binary even if it is UTF-8.",
  },
  { long: "http1.0", key: "http10", kind: "flag", section: request, help: "Use HTTP/1.0." },
  {
    long: "keepalive",
    kind: "flag",
    negatable: true,
    default: true,
    section: request,
    help: "Keep connections open; --no-keepalive makes one connection per request, as " +
      "-H 'Connection: close' does.",
  },
  {
    long: "requests-per-connection",
    kind: "count",
    min: 1,
    section: request,
    help: "Replace each connection after this many responses.",
  },
  {
    long: "retry",
    kind: "flag",
    negatable: true,
    default: false,
    section: request,
    help: "Send an idempotent request again, once, when its kept connection ends before the " +
      "response. Off: a request that was sent and lost is a failure. --fail-if counts both as errors.",
  },
  {
    long: "pipeline",
    kind: "integer",
    min: 1,
    max: 1000,
    default: 1,
    section: request,
    help: "Requests sent at once on each connection.",
  },
] as const satisfies readonly OptionSpec[];
