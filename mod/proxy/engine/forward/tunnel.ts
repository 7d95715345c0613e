/** After a 101: bytes both ways, at the slower side's pace, until either side ends. */
import type { PeerError } from "../../../base/errors.ts";
import { Deadline } from "../../../base/timer_wheel.ts";
import type { TakenSocket } from "../../../conn/exchange/exchange.ts";
import type { Reactor, Socket, SocketHandler } from "../../../net/reactor.ts";
import { concat } from "../../../std/bytes.ts";

interface TunnelContext {
  readonly reactor: Reactor;
  readonly tunnels: Set<{ close(): void }>;
}

const accept = /^sec-websocket-accept:.*\r\n/gim;

/**
 * Field lines of the 101 for the client. `fields`: those of the upstream. `proof`: replaces its
 * sec-websocket-accept, which over HTTP/2 belongs to no key of the client's; "": does not. `cookie`:
 * our Set-Cookie value, or "".
 */
export function switchLines(fields: string, proof: string, cookie: string): string {
  const own = cookie === "" ? "" : `set-cookie: ${cookie}\r\n`;
  const proven = proof === "" ? fields : fields.replace(accept, "") + proof;
  return `connection: upgrade\r\nupgrade: websocket\r\n${proven}${own}`;
}

/**
 * Joins the two sockets. The tunnel ends after `timeoutMs` without a byte in either direction; 0:
 * no limit. `onClosed` gets the number of bytes sent to the client.
 */
export function openTunnel(
  engine: TunnelContext,
  client: TakenSocket,
  upstream: TakenSocket,
  timeoutMs: number,
  onClosed: (bytesToClient: number) => void,
): void {
  new Tunnel(engine, client, upstream, timeoutMs, onClosed).begin();
}

class Tunnel extends Deadline implements SocketHandler {
  readonly #engine: TunnelContext;
  readonly #client: TakenSocket;
  readonly #upstream: TakenSocket;
  readonly #timeoutMs: number;
  readonly #onClosed: (bytesToClient: number) => void;
  /** Bytes that a side has not accepted yet; the other side is paused meanwhile. */
  readonly #waiting = new Map<Socket, Uint8Array>();
  readonly #ended = new Set<Socket>();
  #isClosed = false;
  /** Bytes accepted by the client's socket. */
  #bytesToClient = 0;

  constructor(
    engine: TunnelContext,
    client: TakenSocket,
    upstream: TakenSocket,
    timeoutMs: number,
    onClosed: (bytesToClient: number) => void,
  ) {
    super();
    this.#engine = engine;
    this.#client = client;
    this.#upstream = upstream;
    this.#timeoutMs = timeoutMs;
    this.#onClosed = onClosed;
  }

  begin(): void {
    this.#engine.tunnels.add(this);
    this.#touch();
    for (const end of [this.#client, this.#upstream]) {
      end.socket.handler = this;
      end.socket.resume();
    }
    this.#pass(this.#client.socket, this.#client.early, 0, this.#client.early.length);
    this.#pass(this.#upstream.socket, this.#upstream.early, 0, this.#upstream.early.length);
    if (this.#client.hasEnded && !this.#isClosed) this.onEnd(this.#client.socket);
  }

  onOpen(): void {}

  onData(socket: Socket, bytes: Uint8Array, start: number, end: number): void {
    this.#pass(socket, bytes, start, end);
  }

  onDrain(socket: Socket): void {
    const waiting = this.#waiting.get(socket);
    if (waiting === undefined) return;
    const accepted = this.#write(socket, waiting, 0, waiting.length);
    if (accepted < waiting.length) {
      this.#waiting.set(socket, waiting.slice(accepted));
      return;
    }
    this.#waiting.delete(socket);
    this.#touch();
    const source = this.#other(socket);
    if (this.#ended.has(source)) this.#endOf(source);
    else source.resume();
  }

  onEnd(socket: Socket): void {
    this.#ended.add(socket);
    if (!this.#waiting.has(this.#other(socket))) this.#endOf(socket);
  }

  onClose(_socket: Socket, _error: PeerError): void {
    this.close();
  }

  override onDeadline(): void {
    this.close();
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#engine.tunnels.delete(this);
    this.#engine.reactor.wheel.disarm(this);
    this.#client.socket.close();
    this.#upstream.socket.close();
    this.#waiting.clear();
    this.#onClosed(this.#bytesToClient);
  }

  /** One side has ended: shuts down the other; when both have ended, closes the tunnel. */
  #endOf(socket: Socket): void {
    if (this.#ended.size === 2 && this.#waiting.size === 0) this.close();
    else this.#other(socket).shutdown();
  }

  #pass(source: Socket, bytes: Uint8Array, start: number, end: number): void {
    if (start === end || this.#isClosed) return;
    this.#touch();
    const target = this.#other(source);
    const waiting = this.#waiting.get(target);
    const accepted = waiting === undefined ? this.#write(target, bytes, start, end) : 0;
    if (accepted === end - start) return;
    const rest = bytes.slice(start + accepted, end);
    this.#waiting.set(target, waiting === undefined ? rest : concat([waiting, rest]));
    source.pause();
  }

  #write(target: Socket, bytes: Uint8Array, start: number, end: number): number {
    const accepted = target.write(bytes, start, end);
    if (target === this.#client.socket) this.#bytesToClient += accepted;
    return accepted;
  }

  #touch(): void {
    const { reactor } = this.#engine;
    reactor.wheel.arm(this, this.#timeoutMs === 0 ? Infinity : reactor.nowMs + this.#timeoutMs);
  }

  #other(socket: Socket): Socket {
    return socket === this.#client.socket ? this.#upstream.socket : this.#client.socket;
  }
}
