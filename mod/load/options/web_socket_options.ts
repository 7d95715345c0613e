/** The options of WebSockets: URLs with ws or wss. Pure. */
import type { ParsedOptions } from "../../cli/mod.ts";
import type { Target } from "../plan/target.ts";
import { needsWebSocket } from "../plan/threshold.ts";
import { keyPlaceholder, type WebSocketPlan } from "../plan/web_socket.ts";
import type { HeaderField } from "../request/request_bytes.ts";
import type { loadTable } from "./flags.ts";

type Options = ParsedOptions<typeof loadTable>;

/** Flags that WebSockets have no use for, and why. */
const excluded: readonly (readonly [key: string, flag: string, why: string])[] = [
  ["sse", "sse", "they are different protocols"],
  ["http2", "http2", "WebSockets over HTTP/2 (RFC 8441) are not supported"],
  ["http10", "http1.0", "the handshake needs HTTP/1.1"],
  ["method", "method", "the handshake is a GET"],
  ["script", "script", "a script makes requests"],
  ["replay", "replay", "a log has requests"],
  ["template", "template", "all messages are the same"],
  ["pipeline", "pipeline", "a socket has one message under way"],
  ["groupBy", "group-by", "messages have no fields"],
  ["requestsPerConnection", "requests-per-connection", "sockets are held"],
  ["keepalive", "no-keepalive", "sockets are held"],
  ["retry", "retry", "a message is never sent twice"],
];
const ownFields =
  /^(connection|upgrade|content-length|transfer-encoding|sec-websocket-(?!protocol$).*)$/i;

/** null without ws or wss. Adds what is wrong to `errors`. */
export function webSocketOf(
  { values, given }: Options,
  targets: readonly Target[],
  errors: string[],
): WebSocketPlan | null {
  if (!targets.some(({ isWebSocket }) => isWebSocket)) {
    for (const flag of ["answer", "binary"]) {
      if (given.has(flag)) errors.push(`--${flag} needs a URL with ws:// or wss://`);
    }
    for (const { text } of values.failIf.filter(needsWebSocket)) {
      errors.push(`--fail-if ${text}: needs a URL with ws:// or wss://`);
    }
    return null;
  }
  if (!targets.every(({ isWebSocket }) => isWebSocket)) {
    errors.push("all URLs must be ws or wss, or none of them");
  }
  for (const [key, flag, why] of excluded) {
    if (given.has(key)) errors.push(`a WebSocket and --${flag} cannot be combined: ${why}`);
  }
  for (const { name } of values.header.filter((field) => ownFields.test(field.name))) {
    errors.push(`--header ${name}: the handshake has it by itself, and offers no extension`);
  }
  const holds = isHeld(values);
  if (holds && given.has("requests")) {
    errors.push("--answer none sends nothing without --rate: --requests has no meaning");
  }
  return { answer: values.answer, binary: values.binary, holds };
}

function isHeld({ answer, rate, stages, findRate }: Options["values"]): boolean {
  return answer === "none" && rate === null && stages === null && findRate.length === 0;
}

/** The fields of the handshake; its key is put in for each connection. */
export const handshakeFields: readonly HeaderField[] = [
  { name: "Connection", value: "Upgrade" },
  { name: "Upgrade", value: "websocket" },
  { name: "Sec-WebSocket-Version", value: "13" },
  { name: "Sec-WebSocket-Key", value: keyPlaceholder },
];
