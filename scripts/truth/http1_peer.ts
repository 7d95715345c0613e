/** One HTTP/1.1 connection of the truth server. Requests have no body. */
import type { Socket, SocketHandler } from "../../mod/net/reactor.ts";
import { Outgoing } from "./outgoing.ts";
import type { PeerHost } from "./server.ts";
import type { Answer, Step } from "./step.ts";

const encoder = new TextEncoder();
const endOfHead = "\r\n\r\n";
/** Statuses without a body (RFC 9112 6.3). */
const bodiless = [204, 304];

export class Http1Peer implements SocketHandler {
  readonly #host: PeerHost;
  readonly #out: Outgoing;
  #text = "";

  constructor(host: PeerHost) {
    this.#host = host;
    this.#out = new Outgoing(host);
  }

  onOpen(): void {}

  onData(socket: Socket, bytes: Uint8Array, start: number, end: number): void {
    const nowMs = performance.now();
    const { records } = this.#host;
    records.bytesIn += end - start;
    this.#text += new TextDecoder().decode(bytes.subarray(start, end));
    for (let at = this.#text.indexOf(endOfHead); at >= 0; at = this.#text.indexOf(endOfHead)) {
      this.#text = this.#text.slice(at + endOfHead.length);
      const index = records.arrived(nowMs);
      this.#act(socket, index, nowMs, this.#host.step(index, nowMs));
    }
  }

  #act(socket: Socket, index: number, nowMs: number, step: Step): void {
    switch (step.kind) {
      case "answer":
        return this.#answer(socket, index, nowMs, step);
      case "reset":
        return socket.abort();
      case "close":
        return socket.close();
      case "cutHead":
        return this.#last(socket, "HTTP/1.1 200 OK\r\nContent-Le");
      case "cutBody":
        return this.#last(socket, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this");
      case "garbage":
        return this.#out.write(socket, encoder.encode("SSH-2.0-OpenSSH_9.2\r\n"));
      case "surplus": {
        const text = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok and more";
        return this.#out.write(socket, encoder.encode(text));
      }
      case "hang":
        return;
      default:
        throw new TypeError(`HTTP/1.1 has no ${step.kind}`);
    }
  }

  #last(socket: Socket, text: string): void {
    this.#out.write(socket, encoder.encode(text));
    this.#out.close(socket);
  }

  #answer(socket: Socket, index: number, nowMs: number, step: Answer): void {
    const send = () => {
      if (!socket.isOpen) return;
      const { status, bodyBytes, pauseMs, closes } = step;
      const hasBody = !bodiless.includes(status);
      const head = `HTTP/1.1 ${status} Known\r\n` +
        (hasBody ? `Content-Length: ${bodyBytes}\r\n` : "") +
        (closes ? "Connection: close\r\n" : "");
      const bytes = encoder.encode(`${head}\r\n${"x".repeat(hasBody ? bodyBytes : 0)}`);
      const firstMs = performance.now();
      if (pauseMs === 0) return this.#finish(socket, bytes, index, step, firstMs);
      // All but the last byte of the body waits.
      const early = bytes.length - bodyBytes + 1;
      this.#out.write(socket, bytes.subarray(0, early));
      const rest = bytes.subarray(early);
      this.#host.at(firstMs + pauseMs, () => this.#finish(socket, rest, index, step, firstMs));
    };
    if (step.delayMs > 0) this.#host.at(nowMs + step.delayMs, send);
    else send();
  }

  #finish(socket: Socket, bytes: Uint8Array, index: number, step: Answer, firstMs: number): void {
    if (!socket.isOpen) return;
    const lastMs = step.pauseMs === 0 ? firstMs : performance.now();
    this.#host.records.answered(index, step.status, firstMs, lastMs);
    this.#out.write(socket, bytes);
    if (step.closes) this.#out.close(socket);
  }

  onDrain(socket: Socket): void {
    this.#out.drain(socket);
  }

  onEnd(socket: Socket): void {
    socket.close();
  }

  onClose(): void {}
}
