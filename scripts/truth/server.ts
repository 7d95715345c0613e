/**
 * A server that knows the truth: it does what it is told with each request, and records what it did
 * with the clock of its own process.
 *
 * It has codecs of its own, so that a fault of ours in reading or counting shows as a difference. The
 * sockets and TLS are ours: Deno's cannot reset a connection, and their timers are a millisecond late.
 */
import type { Address } from "../../mod/base/address.ts";
import { createReactor } from "../../mod/net/mod.ts";
import type {
  Listener,
  Reactor,
  Socket,
  SocketHandler,
  TickHandler,
} from "../../mod/net/reactor.ts";
import { ServerContext } from "../../mod/tls/server_context.ts";
import { TlsSocket } from "../../mod/tls/tls_socket.ts";
import { Http1Peer } from "./http1_peer.ts";
import { Http2Peer } from "./http2_peer.ts";
import type { Behaviour, Step } from "./step.ts";

export const protocols = ["HTTP/1.1", "HTTP/1.1 over TLS", "HTTP/2", "HTTP/2 over TLS"] as const;
export type Protocol = typeof protocols[number];

export function isSecure(protocol: Protocol): boolean {
  return protocol.endsWith("TLS");
}

export function isHttp2(protocol: Protocol): boolean {
  return protocol.startsWith("HTTP/2");
}

/** What happened since the server was told its behaviour. Times are of its own clock. */
export class Records {
  connections = 0;
  requests = 0;
  answers = 0;
  bytesIn = 0;
  bytesOut = 0;
  /** Answers by status. */
  readonly statuses: Record<string, number> = {};
  /** By request: when it had arrived, and when its answer was written; NaN: it has none. */
  readonly arrivedMs: number[] = [];
  readonly answeredMs: number[] = [];
  /** From the request to the first byte of its answer, and from there to the last, in microseconds. */
  readonly firstByteUs: number[] = [];
  readonly transferUs: number[] = [];

  /** From each request to the end of its answer, in microseconds, ascending. */
  get serviceUs(): number[] {
    return this.answeredMs.map((atMs, index) => (atMs - this.arrivedMs[index]) * 1000)
      .filter((us) => !Number.isNaN(us)).sort((a, b) => a - b);
  }

  /** The next request has arrived; returns its number. */
  arrived(nowMs: number): number {
    this.arrivedMs.push(nowMs);
    this.answeredMs.push(NaN);
    return this.requests++;
  }

  /** Its answer was written: the first byte at `firstMs`, the last at `lastMs`. */
  answered(index: number, status: number, firstMs: number, lastMs: number): void {
    this.answers++;
    this.statuses[status] = (this.statuses[status] ?? 0) + 1;
    this.answeredMs[index] = lastMs;
    this.firstByteUs.push((firstMs - this.arrivedMs[index]) * 1000);
    this.transferUs.push((lastMs - firstMs) * 1000);
  }
}

/** What a connection needs of the server. */
export interface PeerHost {
  readonly records: Records;
  step(index: number, nowMs: number): Step;
  /** Calls `act` at this time, accurate to some microseconds. */
  at(atMs: number, act: () => void): void;
}

export class TruthServer implements PeerHost, TickHandler {
  records = new Records();
  readonly staysAwake = true;
  readonly #reactor: Reactor;
  readonly #context: ServerContext;
  readonly #listeners = new Map<Protocol, Listener>();
  readonly #due: { readonly atMs: number; readonly act: () => void }[] = [];
  readonly #running: Promise<void>;
  #behaviour: Behaviour = () => ({ kind: "hang" });
  #handshakeDelayMs = 0;

  private constructor(reactor: Reactor, context: ServerContext) {
    this.#reactor = reactor;
    this.#context = context;
    for (const protocol of protocols) {
      const address: Address = { kind: "tcp", host: "127.0.0.1", port: 0 };
      const accept = (socket: Socket) => this.#accept(socket, protocol);
      this.#listeners.set(protocol, reactor.listen(address, {}, accept));
    }
    reactor.tickHandler = this;
    this.#running = reactor.run();
  }

  /** Listens with this certificate, on a port for each protocol. */
  static async start(certificateFile: string, keyFile: string): Promise<TruthServer> {
    const identities = [{ certificates: [{ certificateFile, keyFile }] }];
    return new TruthServer(await createReactor("epoll"), new ServerContext({ identities }));
  }

  url(protocol: Protocol): string {
    const { address } = this.#listeners.get(protocol)!;
    const port = address.kind === "tcp" ? address.port : 0;
    return `http${isSecure(protocol) ? "s" : ""}://127.0.0.1:${port}/`;
  }

  /** Forgets the records and starts over. TLS handshakes wait for `handshakeDelayMs`. */
  begin(behaviour: Behaviour, handshakeDelayMs = 0): void {
    this.records = new Records();
    this.#behaviour = behaviour;
    this.#handshakeDelayMs = handshakeDelayMs;
  }

  step(index: number, nowMs: number): Step {
    return this.#behaviour(index, nowMs);
  }

  at(atMs: number, act: () => void): void {
    this.#due.push({ atMs, act });
    this.#due.sort((a, b) => a.atMs - b.atMs);
  }

  onTick(): number {
    while (this.#due.length > 0) {
      const waitMs = this.#due[0].atMs - performance.now();
      if (waitMs > 0) return Math.max(0, Math.floor(waitMs - 1));
      this.#due.shift()!.act();
    }
    return Infinity;
  }

  async close(): Promise<void> {
    for (const listener of this.#listeners.values()) listener.close();
    this.#reactor.stop();
    await this.#running;
    this.#context.free();
  }

  #accept(socket: Socket, protocol: Protocol): SocketHandler {
    this.records.connections++;
    const make = () => isHttp2(protocol) ? new Http2Peer(this) : new Http1Peer(this);
    if (!isSecure(protocol)) return make();
    const delayMs = this.#handshakeDelayMs;
    if (delayMs > 0) {
      socket.pause();
      this.at(performance.now() + delayMs, () => socket.resume());
    }
    return new TlsSocket(socket, this.#context.pointer, make(), { isServer: true });
  }
}
