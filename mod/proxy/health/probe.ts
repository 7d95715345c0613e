/** One probe of a peer: connect, send, judge; a single deadline covers all of it (Tengine). */
import { type Address, formatAddress } from "../../base/address.ts";
import type { PeerError } from "../../base/errors.ts";
import type { HostAddress } from "../../config/mod.ts";
import type { Reactor, Socket, SocketHandler } from "../../net/reactor.ts";
import { localHeader } from "../../proxy_protocol/mod.ts";
import type { ClientContext } from "../../tls/client_context.ts";
import { connectUpstreamTls, upstreamContext } from "../engine/forward/upstream_tls.ts";
import type { CheckPlan } from "../check_plan.ts";
import type { ProbeFault } from "./check_state.ts";
import { speaksHttp } from "../directives/check_line.ts";
import { probeByCommand } from "./command_probe.ts";
import { judgeOf, type ResponseJudge, type Verdict } from "./response_judge.ts";

/** How a probe ended; null: the peer is alive. */
export type ProbeResult = ProbeFault | null;

/** Whom to probe, and how. */
export interface ProbeTarget {
  /** Where the server is, with the check's port: an address, or the server's name. */
  readonly address: HostAddress;
  /** Where to connect, one after the other until a connection stands; empty: nobody knows. */
  readonly addresses: readonly Address[];
  readonly check: CheckPlan;
  readonly upstream: string;
  /** The server as configured. */
  readonly server: string;
  /** What TLS asks for. */
  readonly serverName: string;
}

/** Hears how a probe ended; `note` is what there is to add for people, or "". */
export type ProbeListener = (result: ProbeResult, note?: string) => void;

/** Sends probes; replaced in tests. */
export interface ProbeTransport {
  /** Calls `onResult` once, later. Returns the way to give the probe up, after which nothing is called. */
  probe(target: ProbeTarget, onResult: ProbeListener): () => void;
}

/** Probes by the reactor's sockets, and by commands. */
export class ReactorProbes implements ProbeTransport {
  constructor(readonly reactor: Reactor) {}

  probe(target: ProbeTarget, onResult: ProbeListener): () => void {
    if (target.check.type === "exec") return probeByCommand(this.reactor, target, onResult);
    if (target.addresses.length === 0) return this.#refuse(target, onResult);
    const probe = new SocketProbe(this.reactor, target, onResult);
    return () => probe.giveUp();
  }

  /** Like every other answer, this one comes later. */
  #refuse({ address }: ProbeTarget, onResult: ProbeListener): () => void {
    const note = `no address of ${formatAddress(address)} is known`;
    const timer = this.reactor.setTimer(0, () => onResult("refused", note));
    return () => this.reactor.clearTimer(timer);
  }
}

/** Loads what probes of this kind need. Throws `StartError` where it is missing. */
export function prepareProbes(check: CheckPlan): void {
  if (speaksTls(check)) trusts.set(check, upstreamContext(check));
}

/** Whom the probes of a plan trust: read with the plan, whatever happens to the file later. */
const trusts = new WeakMap<CheckPlan, ClientContext>();

function speaksTls({ type }: CheckPlan): boolean {
  return type === "tls" || type === "https";
}

function prefaceOf({ proxyProtocol }: CheckPlan): ((socket: Socket) => Uint8Array) | null {
  if (proxyProtocol === 0) return null;
  return (socket) => localHeader(proxyProtocol, socket.localAddress(), socket.peerAddress());
}

class SocketProbe implements SocketHandler {
  readonly #reactor: Reactor;
  readonly #onResult: ProbeListener;
  readonly #target: ProbeTarget;
  #socket: Socket;
  /** Which of the target's addresses is tried. */
  #addressIndex = 0;
  readonly #timer: number;
  readonly #request: Uint8Array;
  readonly #isTls: boolean;
  /** Makes what the peer wants to hear first; null: nothing. */
  readonly #preface: ((socket: Socket) => Uint8Array) | null;
  /** null: to be open is all that is wanted. */
  readonly #judge: ResponseJudge | null;
  #sent = 0;
  #isOpen = false;
  #isOver = false;

  constructor(reactor: Reactor, target: ProbeTarget, onResult: ProbeListener) {
    const { check } = target;
    this.#reactor = reactor;
    this.#target = target;
    this.#onResult = onResult;
    this.#request = Uint8Array.from(check.send, (char) => char.charCodeAt(0) & 255);
    this.#isTls = speaksTls(check);
    this.#judge = speaksHttp(check.type) ? judgeOf(check) : null;
    this.#preface = prefaceOf(check);
    this.#socket = this.#connect();
    this.#timer = reactor.setTimer(check.timeoutMs, () => this.#end("timeout"));
  }

  #connect(): Socket {
    const { check, addresses, serverName } = this.#target;
    const address = addresses[this.#addressIndex];
    if (!this.#isTls) return this.#reactor.connect(address, this);
    const context = trusts.get(check) ?? upstreamContext(check);
    return connectUpstreamTls(this.#reactor, address, this, context, serverName, this.#preface);
  }

  onOpen(socket: Socket): void {
    this.#isOpen = true;
    // Ahead of a handshake it has been sent already.
    if (this.#preface !== null && !this.#isTls) {
      const header = this.#preface(socket);
      socket.write(header, 0, header.length);
    }
    // A peer that accepts, and shakes hands, is alive; nothing is sent to a protocol we do not know.
    if (this.#judge === null) this.#end(null);
    else this.#send();
  }

  onDrain(): void {
    this.#send();
  }

  onData(_socket: Socket, bytes: Uint8Array, start: number, end: number): void {
    const verdict = this.#judge?.take(bytes, start, end) ?? null;
    if (verdict !== null) this.#conclude(verdict);
  }

  onEnd(): void {
    if (this.#judge === null) this.#end("closed");
    else this.#conclude(this.#judge.end());
  }

  onClose(_socket: Socket, error: PeerError): void {
    const hasMore = this.#addressIndex + 1 < this.#target.addresses.length;
    if (hasMore && !this.#isOpen && error.code !== "ETLS") {
      this.#addressIndex++;
      this.#socket = this.#connect();
      return;
    }
    if (error.code === "ETLS") this.#end("handshake", error.message);
    else this.#end(error.code === "ECONNRESET" ? "closed" : "refused", error.message);
  }

  giveUp(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#reactor.clearTimer(this.#timer);
    // By reset: a port for each probe in TIME_WAIT would be a lot of ports. But whoever is still
    // reading a header would call that an error, and log it.
    if (this.#preface !== null) this.#socket.close();
    else this.#socket.abort();
  }

  #send(): void {
    this.#sent += this.#socket.write(this.#request, this.#sent, this.#request.length);
  }

  #conclude({ fault, note }: Verdict): void {
    this.#end(fault, note);
  }

  #end(result: ProbeResult, note = ""): void {
    if (this.#isOver) return;
    this.giveUp();
    this.#onResult(result, note);
  }
}
