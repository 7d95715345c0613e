/** The client's opening handshake (RFC 6455 section 4.1). */
import type { ResponseHead } from "../../../http/mod.ts";
import { acceptKey } from "../../../http/web_socket_key.ts";
import { keyPlaceholder } from "../../plan/web_socket.ts";

const nonceBytes = 16;
const encoder = new TextEncoder();

/** The handshake of a group of connections, with the key of the one that uses it. */
export class Handshake {
  readonly bytes: Uint8Array;
  /** What the user offers; the server may choose one of them. */
  readonly #protocols: readonly string[];
  readonly #keyAt: number;

  /** `request` has `keyPlaceholder` as its key. */
  constructor(request: Uint8Array) {
    this.bytes = request.slice();
    const text = new TextDecoder("latin1").decode(request);
    this.#keyAt = text.indexOf(`: ${keyPlaceholder}\r\n`) + 2;
    this.#protocols = [...text.matchAll(/^sec-websocket-protocol:(.*)$/gim)]
      .flatMap(([, list]) => list.split(",").map((name) => name.trim()));
  }

  /** Puts a fresh key into the bytes, and returns the answer that it must get. */
  renew(): string {
    const key = crypto.getRandomValues(new Uint8Array(nonceBytes)).toBase64();
    this.bytes.set(encoder.encode(key), this.#keyAt);
    return acceptKey(key);
  }

  /** Why the head does not open a WebSocket; null: it does. */
  faultOf(head: ResponseHead, accept: string): string | null {
    if (head.status !== 101) return `status ${head.status}`;
    if (!listed(head.field("upgrade"), "websocket")) return "no Upgrade: websocket";
    if (!listed(head.field("connection"), "upgrade")) return "no Connection: Upgrade";
    if (head.field("sec-websocket-accept") !== accept) return "wrong Sec-WebSocket-Accept";
    const extensions = head.field("sec-websocket-extensions");
    if (extensions !== null && extensions !== "") return "an extension that was not offered";
    const protocol = head.field("sec-websocket-protocol");
    return protocol === null || this.#protocols.includes(protocol)
      ? null
      : "a subprotocol that was not offered";
  }
}

function listed(value: string | null, word: string): boolean {
  return (value ?? "").split(",").some((each) => each.trim().toLowerCase() === word);
}
