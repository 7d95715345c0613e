/** A stream that carries another protocol (RFC 8441), as a socket. */
import type { Address } from "../../base/address.ts";
import type { PeerError } from "../../base/errors.ts";
import { ErrorCode } from "../../http2/mod.ts";
import type { Socket, SocketHandler, TlsFacts } from "../../net/reactor.ts";
import { Inbox } from "./inbox.ts";

/** The stream under a socket, of a client or of a peer. */
export interface SocketStream {
  /** 0 once it is closed. */
  readonly id: number;
  /** The other side has sent END_STREAM. */
  readonly remoteClosed: boolean;
  /** Sends as much as the windows allow; returns how many bytes were taken. */
  writeRaw(bytes: Uint8Array, start: number, end: number): number;
  /** Sends END_STREAM. */
  endRaw(): void;
  /** Bytes were passed on: the other side may send as many more. */
  consumed(count: number): void;
  reset(code: number): void;
}

/** The connection of the stream. */
export interface SocketStreamOwner {
  peerAddress(): Address;
  localAddress(): Address;
  tlsFacts(): TlsFacts | null;
}

/** Before the new owner sets its handler, nothing can happen. */
const noHandler: SocketHandler = {
  onOpen: () => {},
  onData: () => {},
  onDrain: () => {},
  onEnd: () => {},
  onClose: () => {},
};

export class StreamSocket implements Socket {
  handler: SocketHandler = noHandler;
  isOpen = true;
  readonly tlsFacts?: () => TlsFacts;
  readonly #stream: SocketStream;
  readonly #owner: SocketStreamOwner;
  readonly #inbox = new Inbox();
  #isPaused = false;
  #hasEnded: boolean;
  /** `onEnd` was called, or is not due because the taker knows. */
  #endIsKnown: boolean;
  #isShort = false;

  constructor(stream: SocketStream, owner: SocketStreamOwner) {
    this.#stream = stream;
    this.#owner = owner;
    this.#hasEnded = this.#endIsKnown = stream.remoteClosed;
    const facts = owner.tlsFacts();
    if (facts !== null) this.tlsFacts = () => facts;
  }

  peerAddress(): Address {
    return this.#owner.peerAddress();
  }

  localAddress(): Address {
    return this.#owner.localAddress();
  }

  write(bytes: Uint8Array, start: number, end: number): number {
    if (!this.isOpen || start === end) return 0;
    const taken = this.#stream.writeRaw(bytes, start, end);
    this.#isShort = start + taken < end;
    return taken;
  }

  pause(): void {
    this.#isPaused = true;
  }

  /** A pause holds back the stream's window; what has arrived meanwhile is passed on here. */
  resume(): void {
    if (!this.#isPaused || !this.isOpen) return;
    this.#isPaused = false;
    const inbox = this.#inbox;
    if (inbox.length > 0) {
      const { bytes, start, end } = inbox;
      inbox.consumeTo(end);
      this.#passOn(bytes, start, end);
    }
    this.#settleEnd();
  }

  shutdown(): void {
    if (this.isOpen) this.#stream.endRaw();
  }

  close(): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    this.#stream.endRaw();
    if (this.#stream.id !== 0) this.#stream.reset(ErrorCode.noError);
  }

  abort(): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    this.#stream.reset(ErrorCode.cancel);
  }

  /** DATA has arrived. */
  receive(bytes: Uint8Array, start: number, end: number): void {
    if (!this.isOpen) return;
    if (this.#isPaused || this.#inbox.length > 0) this.#inbox.append(bytes, start, end);
    else this.#passOn(bytes, start, end);
  }

  receiveEnd(): void {
    this.#hasEnded = true;
    this.#settleEnd();
  }

  onWritable(): void {
    if (!this.isOpen || !this.#isShort) return;
    this.#isShort = false;
    this.handler.onDrain(this);
  }

  /** The stream was reset, or its connection has ended. */
  fail(error: PeerError): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    this.handler.onClose(this, error);
  }

  #passOn(bytes: Uint8Array, start: number, end: number): void {
    const { id } = this.#stream;
    this.handler.onData(this, bytes, start, end);
    if (this.#stream.id === id) this.#stream.consumed(end - start);
  }

  #settleEnd(): void {
    if (!this.#hasEnded || this.#endIsKnown || this.#isPaused || !this.isOpen) return;
    this.#endIsKnown = true;
    this.handler.onEnd(this);
  }
}
