/**
 * Exchanges of an imagined version of HTTP, many at a time on one connection: they show that a handler
 * relies on nothing that only HTTP/1 promises.
 */
import type { Address } from "../../mod/base/address.ts";
import type {
  DownstreamConnection,
  Exchange,
  ResponseFraming,
  TakenSocket,
} from "../../mod/conn/exchange/exchange.ts";
import type { StaticResponse } from "../../mod/conn/exchange/static_response.ts";
import { HeadWriter, latin1, latin1Bytes, RequestHead } from "../../mod/http/mod.ts";
import { defaultLimits, parseRequestHead } from "../../mod/http1/mod.ts";

const local: Address = { kind: "tcp", host: "192.0.2.1", port: 443 };

export class SharedConnection implements DownstreamConnection {
  context: unknown = null;
  readonly openedMs = 0;
  readonly isSecure = true;

  peerAddress(): Address {
    return { kind: "tcp", host: "192.0.2.2", port: 50_000 };
  }

  peerUid(): null {
    return null;
  }

  localAddress(): Address {
    return local;
  }

  tlsFacts(): null {
    return null;
  }
}

/** Keeps what a handler answers. */
export class ConcurrentExchange implements Exchange {
  readonly connection: SharedConnection;
  readonly head = new RequestHead();
  readonly #writer = new HeadWriter();
  serial: number;
  requestIndex: number;
  context: unknown = null;
  keptContext: unknown = null;
  readonly protocol = "HTTP/2";
  readonly takesInterim = true;
  readonly canStream = true;
  readonly canTakeOver = false;
  canSendFile = () => false;
  readonly isHead = false;
  readonly trailersMayFollow = false;
  isRequestComplete = true;
  hasRequestBody = false;
  receivedMs = 1;
  startMs = 1;
  status = 0;
  headBytesSent = 0;
  bodyBytesSent = 0;
  /** The response: field lines, then the body. */
  fields = "";
  body = "";
  isDone = false;
  onDone: () => void = () => {};

  constructor(connection: SharedConnection, index: number, path: string) {
    this.connection = connection;
    this.serial = this.requestIndex = index;
    const bytes = latin1Bytes(`GET ${path} HTTP/1.1\r\nHost: h.test\r\n\r\n`);
    parseRequestHead(this.head, bytes, 0, bytes.length, defaultLimits, 0);
  }

  respond({ status, fields, body }: StaticResponse): void {
    const writer = this.beginHead(status);
    for (const [name, value] of fields) writer.field(name, value);
    this.endHead();
    this.writeBody(body, 0, body.length);
    this.endBody();
  }

  beginHead(status: number): HeadWriter {
    this.status = status;
    this.#writer.clear();
    return this.#writer;
  }

  endHead(_framing?: ResponseFraming, _contentLength?: number): void {
    this.fields = latin1(this.#writer.bytes, 0, this.#writer.length);
    this.headBytesSent = this.#writer.length;
  }

  writeBody(bytes: Uint8Array, start: number, end: number): boolean {
    this.body += latin1(bytes, start, end);
    this.bodyBytesSent += end - start;
    return true;
  }

  sendFile(): number {
    return -1;
  }

  endBody(): void {
    this.isDone = true;
    this.onDone();
  }

  endBodyWithTrailers(): void {
    this.endBody();
  }

  writeInterim(): boolean {
    return true;
  }

  abort(): void {}
  closeAfterwards(): void {}
  declineBody(): void {}
  pauseBody(): void {}
  resumeBody(): void {}

  takeOver(): TakenSocket {
    throw new TypeError("Cannot take over: the connection carries other exchanges");
  }

  requestTrailers(): readonly [] {
    return [];
  }
}
