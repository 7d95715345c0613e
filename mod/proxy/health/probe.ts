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
import { GrpcJudge } from "./grpc_judge.ts";
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
  if (speaksTls(check)) trusts.set(check, contextOf(check));
}

/** TLS contexts by check: read with the plan, so that later changes of the CA file do not matter. */
const trusts = new WeakMap<CheckPlan, ClientContext>();

function contextOf(check: CheckPlan): ClientContext {
  return check.type === "grpc" ? upstreamContext(check, ["h2"]) : upstreamContext(check);
}

/** Whether probes of this type may use TLS. */
function speaksTls({ type }: CheckPlan): boolean {
  return type === "tls" || type === "https" || type === "grpc";
}

function prefaceOf({ proxyProtocol }: CheckPlan): ((socket: Socket) => Uint8Array) | null {
  if (proxyProtocol === 0) return null;
  return (socket) => localHeader(proxyProtocol, socket.localAddress(), socket.peerAddress());
}

interface ProbeOutput {
  readonly bytes: Uint8Array;
  readonly length: number;
}

function outputOf(bytes: Uint8Array): ProbeOutput {
  return { bytes, length: bytes.length };
}

class SocketProbe implements SocketHandler {
  readonly #reactor: Reactor;
  readonly #onResult: ProbeListener;
  readonly #target: ProbeTarget;
  #socket: Socket;
  /** Index of the address being tried. */
  #addressIndex = 0;
  readonly #timer: number;
  /** What is sent; the judge of a gRPC call adds to it. */
  readonly #output: ProbeOutput;
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
    this.#isTls = check.type === "grpc" ? target.isSecure : speaksTls(check);
    if (check.type === "grpc") {
      const { serverName, isSecure } = target;
      const judge = new GrpcJudge(serverName, isSecure, check.grpcService, () => reactor.nowMs);
      this.#judge = judge;
      this.#output = judge.output;
    } else {
      this.#judge = speaksHttp(check.type) ? judgeOf(check) : null;
      this.#output = outputOf(Uint8Array.from(check.send, (char) => char.charCodeAt(0) & 255));
    }
    this.#preface = prefaceOf(check);
    this.#socket = this.#connect();
    this.#timer = reactor.setTimer(check.timeoutMs, () => this.#end("timeout"));
  }

  #connect(): Socket {
    const { check, addresses, serverName } = this.#target;
    const address = addresses[this.#addressIndex];
    if (!this.#isTls) return this.#reactor.connect(address, this);
    const context = trusts.get(check) ?? contextOf(check);
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
    else this.#send();
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
    const { bytes, length } = this.#output;
    if (this.#sent < length) this.#sent += this.#socket.write(bytes, this.#sent, length);
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
