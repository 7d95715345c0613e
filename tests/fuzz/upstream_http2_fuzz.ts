/**
 * Shared connections between exchanges that do anything and a peer that does anything, without
 * sockets: every exchange ends exactly once, nothing is reported after its end, and nothing throws.
 */
import type { Address } from "../../mod/base/address.ts";
import { PeerError } from "../../mod/base/errors.ts";
import { TimerWheel } from "../../mod/base/timer_wheel.ts";
import { Scratch } from "../../mod/conn/io/scratch.ts";
import { fixedAddress } from "../../mod/conn/upstream/dial.ts";
import { SharedPool } from "../../mod/conn/upstream/http2/shared_pool.ts";
import type { ResponseHandler } from "../../mod/conn/upstream/response_handler.ts";
import type { UpstreamExchange } from "../../mod/conn/upstream/upstream_exchange.ts";
import { HeadWriter } from "../../mod/http/head_writer.ts";
import { Framing } from "../../mod/http/message_head.ts";
import { Method } from "../../mod/http/method.ts";
import type { Reactor, Socket, SocketHandler } from "../../mod/net/reactor.ts";
import {
  block,
  bytes,
  data,
  end,
  endHeaders,
  frame,
  int,
  reset,
  settings,
  Type,
  window,
} from "../vectors/http2/wire.ts";
import type { Random } from "./random.ts";

const address: Address = { kind: "tcp", host: "127.0.0.1", port: 1 };
const part = new Uint8Array(40_000).fill(0x78);

/** Takes a random part of what is written. */
class FakeSocket implements Socket {
  isOpen = true;
  isPaused = false;
  isBlocked = false;
  constructor(public handler: SocketHandler, readonly random: Random) {}

  write(_bytes: Uint8Array, start: number, end: number): number {
    if (!this.isOpen || this.isBlocked) return 0;
    if (!this.random.oneIn(20)) return end - start;
    this.isBlocked = true;
    return this.random.below(end - start + 1);
  }
  pause(): void {
    this.isPaused = true;
  }
  resume(): void {
    this.isPaused = false;
  }
  shutdown(): void {}
  close(): void {
    this.isOpen = false;
  }
  abort(): void {
    this.isOpen = false;
  }
  peerAddress(): Address {
    return address;
  }
  localAddress(): Address {
    return address;
  }
}

class FakeReactor {
  nowMs = 1000;
  readonly wheel = new TimerWheel(1000);
  readonly sockets: FakeSocket[] = [];
  constructor(readonly random: Random) {}

  connect(_address: Address, handler: SocketHandler): Socket {
    const socket = new FakeSocket(handler, this.random);
    this.sockets.push(socket);
    return socket;
  }
  flushAfterBatch(): boolean {
    return false;
  }
  makeOutputBuffer(length: number): Uint8Array<ArrayBuffer> {
    return new Uint8Array(length);
  }
}

/** One exchange: does random things with what it gets, and notices what must not happen. */
class Checked implements ResponseHandler {
  exchange!: UpstreamExchange;
  isOver = false;
  isPaused = false;
  hasHead = false;
  hasEndedBody = false;
  constructor(readonly run: UpstreamRun) {}

  #check(exchange: UpstreamExchange, what: string): void {
    if (this.isOver) throw new Error(`${what} after the end`);
    if (exchange !== this.exchange) throw new Error(`${what} of another exchange`);
  }

  onInterim(exchange: UpstreamExchange): void {
    this.#check(exchange, "interim response");
  }
  onResponse(exchange: UpstreamExchange): void {
    this.#check(exchange, "head");
    if (this.hasHead) throw new Error("a second head");
    this.hasHead = true;
    this.#act();
  }
  onResponseBody(exchange: UpstreamExchange, _bytes: Uint8Array, start: number, end: number): void {
    this.#check(exchange, "body");
    if (this.isPaused) throw new Error("body during a pause");
    if (!this.hasHead || end <= start) throw new Error("body without a head, or empty");
    this.#act();
  }
  onResponseEnd(exchange: UpstreamExchange): void {
    this.#check(exchange, "end");
    if (this.isPaused) throw new Error("end during a pause");
    this.#end();
    exchange.release();
    if (this.run.random.oneIn(3)) this.run.request();
  }
  onRequestDrain(exchange: UpstreamExchange): void {
    this.#check(exchange, "drain");
    this.#act();
  }
  onFailure(exchange: UpstreamExchange, error: PeerError): void {
    this.#check(exchange, "failure");
    if (error.source === "internal") throw new Error(`internal failure: ${error.message}`);
    this.#end();
    if (this.run.random.oneIn(2)) this.run.request();
  }

  /** One of the things that an owner may do at any time. */
  #act(): void {
    if (!this.run.isFinishing && this.run.random.oneIn(4)) this.act();
  }

  act(): void {
    if (this.isOver) return;
    switch (this.run.random.below(6)) {
      case 0:
        this.isPaused = true;
        return this.exchange.pause();
      case 1:
      case 2:
        this.isPaused = false;
        return this.exchange.resume();
      case 3:
        if (this.hasEndedBody) return;
        this.exchange.writeBody(part, 0, 1 + this.run.random.below(part.length));
        return;
      case 4:
        if (this.hasEndedBody) return;
        this.hasEndedBody = true;
        return this.exchange.endBody(this.run.random.oneIn(2) ? null : bytes("x-sum: 1\r\n"));
      default:
        if (!this.run.random.oneIn(4)) return;
        this.#end();
        this.exchange.discard();
    }
  }

  #end(): void {
    this.isOver = true;
    this.run.active.delete(this);
  }
}

export class UpstreamRun {
  readonly active = new Set<Checked>();
  readonly #reactor: FakeReactor;
  readonly #pool: SharedPool;
  /** Owners do nothing of their own any more. */
  isFinishing = false;

  constructor(readonly random: Random) {
    this.#reactor = new FakeReactor(random);
    const reactor = this.#reactor as unknown as Reactor;
    const options = { streamsMax: 1 + random.below(8), exchangesMax: random.pick([0, 5, 1000]) };
    const source = fixedAddress(address);
    this.#pool = new SharedPool(reactor, source, new Scratch(reactor), options);
  }

  request(): void {
    if (this.active.size >= 20 || this.isFinishing) return;
    const checked = new Checked(this);
    const exchange = checked.exchange = this.#pool.acquire();
    const hasBody = this.random.oneIn(2);
    checked.hasEndedBody = !hasBody;
    this.active.add(checked);
    const head = new HeadWriter();
    head.ascii(
      `${hasBody ? "POST" : "GET"} / HTTP/1.1\r\nhost: h\r\nx-a: ${this.random.below(9)}\r\n`,
    );
    exchange.begin(checked, hasBody ? Method.post : Method.get, false);
    exchange.sendHead(head, hasBody ? Framing.chunked : Framing.none, -1);
  }

  step(): void {
    const { random } = this;
    const { sockets } = this.#reactor;
    const socket = sockets.length === 0 ? null : random.pick(sockets.slice(-4));
    switch (random.below(8)) {
      case 0:
      case 1:
        return this.request();
      case 2: {
        const all = [...this.active];
        if (all.length > 0) random.pick(all).act();
        return;
      }
      case 3:
        if (socket === null || !socket.isOpen) return;
        socket.isBlocked = false;
        return socket.handler.onDrain(socket);
      case 4:
        this.#reactor.nowMs += random.pick([1, 50, 40_000]);
        return this.#reactor.wheel.advance(this.#reactor.nowMs);
      case 5:
        if (socket !== null && socket.isOpen && random.oneIn(30)) this.#close(socket);
        return;
      default:
        if (socket !== null && socket.isOpen) this.#receive(socket, this.#frame());
    }
  }

  /** Ends every connection: then no exchange may be left. */
  finish(): void {
    this.isFinishing = true;
    for (const socket of this.#reactor.sockets) if (socket.isOpen) this.#close(socket);
    for (const checked of [...this.active]) {
      // The response of one that is paused may be complete.
      checked.isPaused = false;
      checked.exchange.resume();
    }
    if (this.active.size > 0) throw new Error(`${this.active.size} exchanges without an end`);
  }

  #close(socket: FakeSocket): void {
    if (this.random.oneIn(2)) return socket.handler.onEnd(socket);
    socket.isOpen = false;
    socket.handler.onClose(socket, new PeerError("ECONNRESET", "upstream", "reset"));
  }

  #receive(socket: FakeSocket, input: Uint8Array): void {
    if (this.random.oneIn(3)) this.#open(socket);
    socket.handler.onData(socket, input, 0, input.length);
  }

  readonly #opened = new Set<FakeSocket>();

  /** What a peer begins with. */
  #open(socket: FakeSocket): void {
    if (this.#opened.has(socket)) return;
    this.#opened.add(socket);
    socket.handler.onOpen(socket);
    const first = settings([3, this.random.pick([1, 3, 100])], [4, this.random.pick([10, 65_535])]);
    if (socket.isOpen) socket.handler.onData(socket, first, 0, first.length);
  }

  #frame(): Uint8Array {
    const { random } = this;
    const id = 1 + 2 * random.below(6);
    const ends = random.oneIn(2) ? end : 0;
    switch (random.below(12)) {
      case 0:
      case 1:
      case 2:
      case 3: {
        const status = [":status", random.pick(["200", "204", "103", "404"])] as const;
        return frame(Type.headers, endHeaders | ends, id, block(status));
      }
      case 4:
      case 5:
        return data(id, ends, "y".repeat(random.below(3000)));
      case 6:
        return window(random.pick([0, id]), 1 + random.below(100_000));
      case 7:
        return reset(id, random.below(14));
      case 8:
        return frame(Type.headers, endHeaders | end, id, block(["x-trailer", "1"]));
      case 9:
        return settings([random.pick([3, 4]), random.below(70_000)]);
      case 10:
        if (!random.oneIn(4)) return frame(Type.ping, 0, 0, int(0, 8));
        return frame(Type.goaway, 0, 0, int(id, 4), int(0, 4));
      default:
        if (!random.oneIn(8)) return new Uint8Array(0);
        return frame(random.below(12), random.below(64), id, int(random.below(1 << 30), 4));
    }
  }
}
