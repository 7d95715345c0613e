/** Accepting a WebSocket (RFC 6455 section 4.2). */
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

/** Appended to the client's key before it is hashed. */
const keySuffix = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

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
  call.upgraded = (taken) => socket.open(taken);
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

/** Section 4.2.2: base64 of SHA-1 over key and suffix. */
export function acceptKey(key: string): string {
  return sha1(new TextEncoder().encode(key + keySuffix)).toBase64();
}

/** SHA-1 (FIPS 180-4). Web Crypto is asynchronous, and the response is needed at once. */
export function sha1(message: Uint8Array): Uint8Array {
  const blocks = Math.ceil((message.length + 9) / 64);
  const padded = new Uint8Array(blocks * 64);
  padded.set(message);
  padded[message.length] = 0x80;
  const view = new DataView(padded.buffer);
  view.setUint32(padded.length - 4, message.length * 8);
  const state = new Int32Array([0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0]);
  for (let at = 0; at < padded.length; at += 64) mixBlock(state, view, at);
  const digest = new DataView(new ArrayBuffer(20));
  state.forEach((word, i) => digest.setInt32(4 * i, word));
  return new Uint8Array(digest.buffer);
}

function mixBlock(state: Int32Array, view: DataView, at: number): void {
  const words = new Int32Array(80);
  for (let i = 0; i < 16; i++) words[i] = view.getInt32(at + 4 * i);
  for (let i = 16; i < 80; i++) {
    words[i] = rotate(words[i - 3] ^ words[i - 8] ^ words[i - 14] ^ words[i - 16], 1);
  }
  let [a, b, c, d, e] = state;
  for (let i = 0; i < 80; i++) {
    const mixed = (rotate(a, 5) + round(i, b, c, d) + e + words[i]) | 0;
    e = d;
    d = c;
    c = rotate(b, 30);
    b = a;
    a = mixed;
  }
  [a, b, c, d, e].forEach((word, i) => state[i] += word);
}

function round(i: number, b: number, c: number, d: number): number {
  if (i < 20) return ((b & c) | (~b & d)) + 0x5a827999;
  if (i < 40) return (b ^ c ^ d) + 0x6ed9eba1;
  if (i < 60) return ((b & c) | (b & d) | (c & d)) + 0x8f1bbcdc;
  return (b ^ c ^ d) + 0xca62c1d6;
}

function rotate(word: number, bits: number): number {
  return (word << bits) | (word >>> (32 - bits));
}
