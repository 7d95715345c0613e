/** A server for simulations that speaks HTTP/2. It reads frames by code of its own. */
import {
  block,
  data,
  end,
  endHeaders,
  frame,
  int,
  settings,
  Type,
} from "../../../vectors/http2/wire.ts";
import type { SimulatedPeer, SimulatedServer } from "./simulated_reactor.ts";

/** What the server sends for a request: frames at times, which end with one that ends the stream. */
export type StreamReply = readonly (readonly [atMs: number, bytes: Uint8Array])[];

export interface Http2Script {
  /** Streams that a client may open at once; default: 100. */
  readonly streamsMax?: number;
  readonly onConnect?: SimulatedServer["onConnect"];
  /** A request has arrived on stream `id`. */
  onRequest(atMs: number, id: number, peer: SimulatedPeer): StreamReply;
}

const prefaceBytes = 24;
const streamsMaxId = 3;

export function http2Server(script: Http2Script): SimulatedServer {
  const { onConnect, streamsMax = 100 } = script;
  return {
    ...(onConnect === undefined ? {} : { onConnect }),
    onRequest: () => {
      throw new TypeError("a server of HTTP/2 takes bytes, not requests");
    },
    accept(peer) {
      const connection = new Connection(script, peer);
      peer.at(peer.nowMs, () => peer.deliver(settings([streamsMaxId, streamsMax])));
      return (bytes) => connection.take(bytes);
    },
  };
}

class Connection {
  readonly #script: Http2Script;
  readonly #peer: SimulatedPeer;
  #rest = new Uint8Array(0);
  #hasPreface = false;

  constructor(script: Http2Script, peer: SimulatedPeer) {
    this.#script = script;
    this.#peer = peer;
  }

  take(bytes: Uint8Array): void {
    const all = new Uint8Array(this.#rest.length + bytes.length);
    all.set(this.#rest);
    all.set(bytes, this.#rest.length);
    let at = this.#hasPreface ? 0 : prefaceBytes;
    if (all.length < at) return void (this.#rest = all);
    this.#hasPreface = true;
    while (all.length - at >= 9) {
      const length = all[at] << 16 | all[at + 1] << 8 | all[at + 2];
      if (all.length - at < 9 + length) break;
      const id = new DataView(all.buffer).getUint32(at + 5);
      if (all[at + 3] === Type.headers) this.#onRequest(id);
      at += 9 + length;
    }
    this.#rest = all.slice(at);
  }

  #onRequest(id: number): void {
    const peer = this.#peer;
    peer.noteArrival();
    for (const [atMs, bytes] of this.#script.onRequest(peer.nowMs, id, peer)) {
      peer.at(atMs, () => peer.deliver(bytes));
    }
  }
}

/** HEADERS of a response, which end it with `flags` of `end`. */
export function head(id: number, status: string, flags = 0): Uint8Array {
  return frame(Type.headers, endHeaders | flags, id, block([":status", status]));
}

/** A whole response at one time. */
export function ok(id: number, atMs: number): StreamReply {
  return [[atMs, join(head(id, "200"), data(id, end, "ok"))]];
}

export function goaway(lastId: number, code = 0): Uint8Array {
  return frame(Type.goaway, 0, 0, int(lastId, 4), int(code, 4));
}

function join(...parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}
