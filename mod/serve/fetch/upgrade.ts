/** Accepting a WebSocket (RFC 6455 section 4.2). */
import { acceptKey } from "../../http/web_socket_key.ts";
import type { Call } from "./call.ts";
import { ServedWebSocket } from "./web_socket.ts";

export interface UpgradeOptions {
  /** The subprotocol chosen from those that the client offers. */
  readonly protocol?: string;
  /** Seconds of silence until a ping is sent, and then until the socket is closed; 0: never. */
  readonly idleTimeout?: number;
}

export interface Upgrade {
  readonly response: Response;
  readonly socket: WebSocket;
}

/** Throws TypeError when the request is not a WebSocket handshake. */
export function openUpgrade(call: Call, options: UpgradeOptions): Upgrade {
  const { headers, method } = call.request;
  const key = headers.get("sec-websocket-key") ?? "";
  const asks = (headers.get("upgrade") ?? "").toLowerCase().split(/\s*,\s*/).includes("websocket");
  const names = (headers.get("connection") ?? "").toLowerCase().split(/\s*,\s*/);
  if (method !== "GET" || !asks || !names.includes("upgrade")) {
    throw new TypeError("Cannot upgrade: the request does not ask for a WebSocket");
  }
  // RFC 6455 4.1: the handshake is HTTP/1.1 or later, and the bytes after its head are frames.
  if (call.exchange?.canTakeOver === false || call.body !== null) {
    throw new TypeError("Cannot upgrade: the handshake is HTTP/1.0 or has a body");
  }
  if (!/^[A-Za-z0-9+/]{22}==$/.test(key)) {
    throw new TypeError("Cannot upgrade: sec-websocket-key is missing or malformed");
  }
  if (headers.get("sec-websocket-version") !== "13") {
    throw new TypeError("Cannot upgrade: sec-websocket-version is not 13");
  }
  const socket = new ServedWebSocket(call.request.url, options, call.webSockets);
  call.upgraded = (taken, onOver) => socket.open(taken, onOver);
  const fields: [string, string][] = [
    ["upgrade", "websocket"],
    ["connection", "Upgrade"],
    ["sec-websocket-accept", acceptKey(key)],
  ];
  if (options.protocol !== undefined) fields.push(["sec-websocket-protocol", options.protocol]);
  return { response: upgradeResponse(fields), socket: socket as unknown as WebSocket };
}

/** The constructor of Response refuses 101, so the status is overridden on the object. */
function upgradeResponse(fields: [string, string][]): Response {
  const response = new Response(null, { headers: fields });
  Object.defineProperty(response, "status", { value: 101 });
  Object.defineProperty(response, "ok", { value: false });
  return response;
}
