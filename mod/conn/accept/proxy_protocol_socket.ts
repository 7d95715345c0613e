import type { Address } from "../../base/address.ts";
import type { PeerError } from "../../base/errors.ts";
import type { KernelTls, Socket, SocketHandler } from "../../net/reactor.ts";

/**
 * A socket with the addresses from a load balancer's PROXY header in place of the kernel's.
 *
 * Wraps the socket in both directions, so that a handler that compares sockets always gets this one.
 */
export class ProxyProtocolSocket implements Socket, SocketHandler {
  readonly inner: Socket;
  handler: SocketHandler;
  /** Null: the inner socket's own address applies. */
  source: Address | null = null;
  destination: Address | null = null;
  /** Absent when the inner socket has none, as the reactor's contract requires. */
  readonly sendFile?: (fd: number, offset: number, length: number) => number;

  /** The caller must make this object the inner socket's handler. */
  constructor(inner: Socket, handler: SocketHandler) {
    this.inner = inner;
    this.handler = handler;
    if (inner.sendFile !== undefined) {
      this.sendFile = (fd, offset, length) => inner.sendFile!(fd, offset, length);
    }
  }

  canSendFile(length: number): boolean {
    return this.inner.canSendFile?.(length) ?? true;
  }

  kernelTls(): KernelTls | null {
    return this.inner.kernelTls?.() ?? null;
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
