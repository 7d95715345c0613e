/** One probe of a peer: connect, send, judge; a single deadline covers all steps (Tengine). */
import { formatAddress } from "../../base/address.ts";
import type { PeerError } from "../../base/errors.ts";
import type { Reactor, Socket, SocketHandler } from "../../net/reactor.ts";
import { localHeader } from "../../proxy_protocol/mod.ts";
import type { ClientContext } from "../../tls/client_context.ts";
import { connectUpstreamTls, upstreamContext } from "../../tls/upstream_tls.ts";
import { type CheckPlan, speaksHttp } from "../plan/check_plan.ts";
import { probeByCommand } from "./command_probe.ts";
import type { ProbeListener, ProbeResult, ProbeTarget, ProbeTransport } from "./probe_target.ts";
import { judgeOf, type ResponseJudge, type Verdict } from "./response_judge.ts";

/** Probes over the reactor's sockets and by commands. */
export class ReactorProbes implements ProbeTransport {
  constructor(readonly reactor: Reactor) {}

  probe(target: ProbeTarget, onResult: ProbeListener): () => void {
    if (target.check.type === "exec") return probeByCommand(this.reactor, target, onResult);
    if (target.addresses.length === 0) return this.#refuse(target, onResult);
    const probe = new SocketProbe(this.reactor, target, onResult);
    return () => probe.giveUp();
  }

  /** Reports asynchronously, like every other result. */
  #refuse({ address }: ProbeTarget, onResult: ProbeListener): () => void {
    const note = `no address of ${formatAddress(address)} is known`;
    const timer = this.reactor.setTimer(0, () => onResult("refused", note));
    return () => this.reactor.clearTimer(timer);
  }
}

/** Loads the TLS context of a check that needs one. Throws `StartError` when that fails. */
export function prepareProbes(check: CheckPlan): void {
  if (speaksTls(check)) trusts.set(check, upstreamContext(check));
}

/** TLS contexts by check: read with the plan, so that later changes of the CA file do not matter. */
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
  /** Index of the address being tried. */
  #addressIndex = 0;
  readonly #timer: number;
  readonly #request: Uint8Array;
  readonly #isTls: boolean;
  /** Makes the PROXY header that precedes everything else; null: none. */
  readonly #preface: ((socket: Socket) => Uint8Array) | null;
  /** null: an established connection is enough. */
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
    // With TLS it was already sent before the handshake.
    if (this.#preface !== null && !this.#isTls) {
      const header = this.#preface(socket);
      socket.write(header, 0, header.length);
    }
    // A peer that accepts and completes the handshake is alive; the protocol beyond is not known.
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
    // Close by reset, so that no probe leaves a port in TIME_WAIT. Not with a PROXY header: a peer
    // that is still reading it would log the reset as an error.
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
