import type { Address } from "../base/address.ts";
import type { PeerError } from "../base/errors.ts";
import type { Socket, SocketHandler } from "../net/reactor.ts";

/**
 * A socket whose ends are others than the kernel knows: those that a load balancer has announced.
 *
 * Stands between the socket and its handler in both directions, so that a handler which tells its
 * sockets apart meets this one everywhere.
 */
export class AnnouncedSocket implements Socket, SocketHandler {
  readonly inner: Socket;
  handler: SocketHandler;
  /** Null: the inner socket's own addresses count. */
  source: Address | null = null;
  destination: Address | null = null;
  /** Absent where the inner socket has none, as the contract wants. */
  readonly sendFile?: (fd: number, offset: number, length: number) => number;

  /** Whoever opens the inner socket makes this object its handler. */
  constructor(inner: Socket, handler: SocketHandler) {
    this.inner = inner;
    this.handler = handler;
    if (inner.sendFile !== undefined) {
      this.sendFile = (fd, offset, length) => inner.sendFile!(fd, offset, length);
    }
  }

  get isOpen(): boolean {
    return this.inner.isOpen;
  }

  peerAddress(): Address {
    return this.source ?? this.inner.peerAddress();
  }

  localAddress(): Address {
    return this.destination ?? this.inner.localAddress();
  }

  write(bytes: Uint8Array, start: number, end: number, isLast = false): number {
    return this.inner.write(bytes, start, end, isLast);
  }

  pause(): void {
    this.inner.pause();
  }

  resume(): void {
    this.inner.resume();
  }

  shutdown(): void {
    this.inner.shutdown();
  }

  close(): void {
    this.inner.close();
  }

  abort(): void {
    this.inner.abort();
  }

  onOpen(): void {
    this.handler.onOpen(this);
  }

  onData(_inner: Socket, bytes: Uint8Array, start: number, end: number): void {
    this.handler.onData(this, bytes, start, end);
  }

  onDrain(): void {
    this.handler.onDrain(this);
  }

  onEnd(): void {
    this.handler.onEnd(this);
  }

  onClose(_inner: Socket, error: PeerError): void {
    this.handler.onClose(this, error);
  }
}
