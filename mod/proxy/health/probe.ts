/** One probe of a peer: connect, send, judge; a single deadline covers all of it (Tengine). */
import type { Address } from "../../base/address.ts";
import type { PeerError } from "../../base/errors.ts";
import type { Reactor, Socket, SocketHandler } from "../../net/reactor.ts";
import type { CheckPlan } from "../plan.ts";
import type { ProbeFault } from "./check_state.ts";
import { StatusLine } from "./status_line.ts";

/** How a probe ended; null: the peer is alive. */
export type ProbeResult = ProbeFault | null;

/** Sends probes; replaced in tests. */
export interface ProbeTransport {
  /** Calls `onResult` once. Returns the way to give the probe up, after which nothing is called. */
  probe(address: Address, check: CheckPlan, onResult: (result: ProbeResult) => void): () => void;
}

export class ReactorProbes implements ProbeTransport {
  constructor(readonly reactor: Reactor) {}

  probe(address: Address, check: CheckPlan, onResult: (result: ProbeResult) => void): () => void {
    const target = check.port > 0 && address.kind === "tcp"
      ? { ...address, port: check.port }
      : address;
    const probe = new Probe(this.reactor, target, check, onResult);
    return () => probe.giveUp();
  }
}

class Probe implements SocketHandler {
  readonly #reactor: Reactor;
  readonly #check: CheckPlan;
  readonly #onResult: (result: ProbeResult) => void;
  readonly #socket: Socket;
  readonly #timer: number;
  readonly #request: Uint8Array;
  readonly #statusLine = new StatusLine();
  #sent = 0;
  #isOver = false;

  constructor(
    reactor: Reactor,
    address: Address,
    check: CheckPlan,
    onResult: (result: ProbeResult) => void,
  ) {
    this.#reactor = reactor;
    this.#check = check;
    this.#onResult = onResult;
    this.#request = Uint8Array.from(check.send, (char) => char.charCodeAt(0) & 255);
    this.#socket = reactor.connect(address, this);
    this.#timer = reactor.setTimer(check.timeoutMs, () => this.#end("timeout"));
  }

  onOpen(): void {
    // A listening peer that accepts is alive; nothing is sent to a protocol we do not know.
    if (this.#check.type === "tcp") this.#end(null);
    else this.#send();
  }

  onDrain(): void {
    this.#send();
  }

  onData(_socket: Socket, bytes: Uint8Array, start: number, end: number): void {
    const status = this.#statusLine.take(bytes, start, end);
    if (status === 0) return;
    if (status < 0) return this.#end("statusLine");
    const isAlive = (this.#check.aliveClasses & 1 << Math.floor(status / 100)) !== 0;
    this.#end(isAlive ? null : "status");
  }

  onEnd(): void {
    this.#end("closed");
  }

  onClose(_socket: Socket, error: PeerError): void {
    this.#end(error.code === "ECONNRESET" ? "closed" : "refused");
  }

  giveUp(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#reactor.clearTimer(this.#timer);
    // By reset: a port for each probe in TIME_WAIT would be a lot of ports.
    this.#socket.abort();
  }

  #send(): void {
    this.#sent += this.#socket.write(this.#request, this.#sent, this.#request.length);
  }

  #end(result: ProbeResult): void {
    if (this.#isOver) return;
    this.giveUp();
    this.#onResult(result);
  }
}
