/** A connection through an HTTP proxy: CONNECT first (RFC 9110 9.3.6), then as if there were none. */
import type { Address } from "../../../base/address.ts";
import { PeerError } from "../../../base/errors.ts";
import { latin1 } from "../../../http/mod.ts";
import type { ConnectOptions, Reactor, Socket, SocketHandler } from "../../../net/reactor.ts";

/** More head than proxies send; a page that explains a refusal is not read. */
const headBytesMax = 16_384;
const endOfHead = "\r\n\r\n";
const statusLine = /^HTTP\/1\.[01] ([1-9]\d\d)(?: |\r\n)/;

/** What makes connections: a reactor, or one that goes through a proxy. */
export type Connector = Pick<Reactor, "connect">;

/** What the tunnel tells its connection. */
export interface TunnelUser {
  /** The proxy is connected and has not answered yet: what fails now fails at the proxy. */
  awaitsProxy: boolean;
}

/**
 * A socket that opens once the proxy has agreed. A refusal is `onClose` with the status as its code;
 * other answers are `notHttp` and `headTooLarge`, and an end without an answer is `EEOF`.
 */
export class Tunnel implements Socket, SocketHandler {
  readonly #user: TunnelUser;
  readonly #request: Uint8Array;
  readonly #inner: Socket;
  #handler: SocketHandler;
  #isEstablished = false;
  /** The proxy's answer so far. */
  #answer = "";

  /** `request`: the head of the CONNECT. */
  constructor(
    reactor: Connector,
    address: Address,
    handler: SocketHandler,
    { options, request, user }: {
      readonly options: ConnectOptions;
      readonly request: Uint8Array;
      readonly user: TunnelUser;
    },
  ) {
    this.#handler = handler;
    this.#request = request;
    this.#user = user;
    user.awaitsProxy = false;
    this.#inner = reactor.connect(address, this, options);
  }

  get handler(): SocketHandler {
    return this.#handler;
  }

  /** Of an open tunnel the inner socket calls it directly. */
  set handler(handler: SocketHandler) {
    this.#handler = handler;
    if (this.#isEstablished) this.#inner.handler = handler;
  }

  onOpen(inner: Socket): void {
    this.#user.awaitsProxy = true;
    // A socket that was just connected takes at least one segment.
    const written = inner.write(this.#request, 0, this.#request.length);
    if (written < this.#request.length) this.#fail("EAGAIN", "the proxy takes no request");
  }

  onData(_inner: Socket, bytes: Uint8Array, start: number, end: number): void {
    let known = this.#answer.length;
    this.#answer += latin1(bytes, start, end);
    while (this.#inner.isOpen) {
      const head = this.#answer.indexOf(endOfHead);
      const status = statusLine.exec(this.#answer)?.[1] ?? null;
      if (status === null && (head >= 0 || this.#isStrange)) {
        return this.#fail("notHttp", "the proxy's answer is not HTTP");
      }
      if (head < 0) {
        if (this.#answer.length > headBytesMax) this.#fail("headTooLarge", "the proxy's head");
        return;
      }
      if (!status!.startsWith("1")) {
        return this.#settle(status!, bytes, start + head + endOfHead.length - known, end);
      }
      // An interim answer; the final one follows.
      this.#answer = this.#answer.slice(head + endOfHead.length);
      known -= head + endOfHead.length;
    }
  }

  /** What has come cannot become a status line. */
  get #isStrange(): boolean {
    return !"HTTP/1.".startsWith(this.#answer.slice(0, 7)) || this.#answer.includes("\r\n");
  }

  /** Bytes `[rest, end)` follow the head. */
  #settle(status: string, bytes: Uint8Array, rest: number, end: number): void {
    if (!status.startsWith("2")) return this.#fail(status, `the proxy answered ${status}`);
    const inner = this.#inner;
    this.#isEstablished = true;
    this.#user.awaitsProxy = false;
    this.#answer = "";
    inner.handler = this.#handler;
    this.#handler.onOpen(this);
    if (rest < end && inner.isOpen) inner.handler.onData(this, bytes, rest, end);
  }

  #fail(code: string, message: string): void {
    this.#inner.abort();
    this.#handler.onClose(this, new PeerError(code, "upstream", message));
  }

  onEnd(): void {
    this.#fail("EEOF", "the proxy closed before it answered");
  }

  onClose(_inner: Socket, error: PeerError): void {
    this.#handler.onClose(this, error);
  }

  onDrain(): void {}

  get isOpen(): boolean {
    return this.#inner.isOpen;
  }

  write(bytes: Uint8Array, start: number, end: number, isLast?: boolean): number {
    return this.#inner.write(bytes, start, end, isLast);
  }

  pause(): void {
    this.#inner.pause();
  }

  resume(): void {
    this.#inner.resume();
  }

  shutdown(): void {
    this.#inner.shutdown();
  }

  close(): void {
    this.#inner.close();
  }

  abort(): void {
    this.#inner.abort();
  }

  peerAddress(): Address {
    return this.#inner.peerAddress();
  }

  localAddress(): Address {
    return this.#inner.localAddress();
  }
}
