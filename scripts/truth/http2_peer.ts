/**
 * One HTTP/2 connection of the truth server (RFC 9113). Requests have no body, and their fields are not
 * decoded: what an answer is depends on the request's number alone. The client's windows are taken to
 * be wide enough for all that a case sends.
 */
import type { Socket, SocketHandler } from "../../mod/net/reactor.ts";
import { Outgoing } from "./outgoing.ts";
import type { PeerHost } from "./server.ts";
import type { Answer, Step } from "./step.ts";

const prefaceBytes = 24;
const headerBytes = 9;
/** The least that a peer takes in one frame (RFC 9113 4.2). */
const frameBytesMax = 16_384;
const Type = { data: 0, headers: 1, resetStream: 3, settings: 4, ping: 6, goaway: 7 } as const;
const Flag = { ack: 1, endStream: 1, endHeaders: 4 } as const;
const Code = { internalError: 2, refusedStream: 7 } as const;
/** A literal field without indexing whose name is `:status` of the static table (RFC 7541). */
const literalStatus = 0x08;

export class Http2Peer implements SocketHandler {
  readonly #host: PeerHost;
  readonly #out: Outgoing;
  #held = new Uint8Array(0);
  #hasPreface = false;

  constructor(host: PeerHost) {
    this.#host = host;
    this.#out = new Outgoing(host);
  }

  onOpen(): void {}

  onData(socket: Socket, bytes: Uint8Array, start: number, end: number): void {
    const nowMs = performance.now();
    this.#host.records.bytesIn += end - start;
    const held = new Uint8Array(this.#held.length + end - start);
    held.set(this.#held);
    held.set(bytes.subarray(start, end), this.#held.length);
    let at = this.#takePreface(socket, held);
    const view = new DataView(held.buffer);
    while (this.#hasPreface && held.length - at >= headerBytes) {
      const length = view.getUint32(at) >>> 8;
      if (held.length - at < headerBytes + length || !socket.isOpen) break;
      this.#onFrame(socket, view.getUint8(at + 3), view.getUint8(at + 4), {
        id: view.getUint32(at + 5),
        payload: held.subarray(at + headerBytes, at + headerBytes + length),
        nowMs,
      });
      at += headerBytes + length;
    }
    this.#held = held.slice(at);
  }

  /** Where the frames begin. */
  #takePreface(socket: Socket, held: Uint8Array): number {
    if (this.#hasPreface || held.length < prefaceBytes) return 0;
    this.#hasPreface = true;
    this.#frame(socket, Type.settings, 0, 0, new Uint8Array(0));
    return prefaceBytes;
  }

  #onFrame(
    socket: Socket,
    type: number,
    flags: number,
    frame: { readonly id: number; readonly payload: Uint8Array; readonly nowMs: number },
  ): void {
    const isAck = (flags & Flag.ack) !== 0;
    if (type === Type.settings && !isAck) {
      this.#frame(socket, Type.settings, Flag.ack, 0, new Uint8Array(0));
    } else if (type === Type.ping && !isAck) {
      this.#frame(socket, Type.ping, Flag.ack, 0, frame.payload);
    } else if (type === Type.headers) {
      const index = this.#host.records.arrived(frame.nowMs);
      this.#act(socket, frame.id, index, frame.nowMs, this.#host.step(index, frame.nowMs));
    }
  }

  #act(socket: Socket, id: number, index: number, nowMs: number, step: Step): void {
    switch (step.kind) {
      case "answer":
        return this.#answer(socket, id, index, nowMs, step);
      case "reset":
        return socket.abort();
      case "close":
        return socket.close();
      case "resetStream":
        return this.#frame(socket, Type.resetStream, 0, id, words(Code.internalError));
      case "refuseStream":
        return this.#frame(socket, Type.resetStream, 0, id, words(Code.refusedStream));
      case "garbage":
        // A body without a head before it is malformed (RFC 9113 8.1).
        return this.#frame(socket, Type.data, Flag.endStream, id, new Uint8Array(2));
      case "hang":
        return;
      default:
        throw new TypeError(`HTTP/2 has no ${step.kind}`);
    }
  }

  #answer(socket: Socket, id: number, index: number, nowMs: number, step: Answer): void {
    const send = () => {
      if (!socket.isOpen) return;
      const firstMs = performance.now();
      const block = Uint8Array.of(literalStatus, 3, ...new TextEncoder().encode(`${step.status}`));
      const ends = step.bodyBytes === 0;
      const flags = Flag.endHeaders | (ends ? Flag.endStream : 0);
      if (ends || step.pauseMs === 0) {
        this.#host.records.answered(index, step.status, firstMs, firstMs);
        this.#frame(socket, Type.headers, flags, id, block);
        return this.#body(socket, id, step.bodyBytes, step);
      }
      this.#frame(socket, Type.headers, flags, id, block);
      this.#frame(socket, Type.data, 0, id, new Uint8Array(1));
      this.#host.at(firstMs + step.pauseMs, () => {
        if (!socket.isOpen) return;
        this.#host.records.answered(index, step.status, firstMs, performance.now());
        this.#body(socket, id, step.bodyBytes - 1, step);
      });
    };
    if (step.delayMs > 0) this.#host.at(nowMs + step.delayMs, send);
    else send();
  }

  #body(socket: Socket, id: number, count: number, { closes }: Answer): void {
    for (let left = count; left > 0; left -= frameBytesMax) {
      const ends = left <= frameBytesMax ? Flag.endStream : 0;
      this.#frame(socket, Type.data, ends, id, new Uint8Array(Math.min(left, frameBytesMax)));
    }
    if (!closes) return;
    this.#frame(socket, Type.goaway, 0, 0, words(id, 0));
    this.#out.close(socket);
  }

  #frame(socket: Socket, type: number, flags: number, id: number, payload: Uint8Array): void {
    const bytes = new Uint8Array(headerBytes + payload.length);
    const view = new DataView(bytes.buffer);
    view.setUint32(0, payload.length << 8 | type);
    view.setUint8(4, flags);
    view.setUint32(5, id);
    bytes.set(payload, headerBytes);
    this.#out.write(socket, bytes);
  }

  onDrain(socket: Socket): void {
    this.#out.drain(socket);
  }

  onEnd(socket: Socket): void {
    socket.close();
  }

  onClose(): void {}
}

function words(...values: number[]): Uint8Array {
  const bytes = new Uint8Array(4 * values.length);
  values.forEach((value, index) => new DataView(bytes.buffer).setUint32(4 * index, value));
  return bytes;
}
