/** A server on the reactor under test, with a handler that tests program by path. */
import type { PeerError } from "../../mod/base/errors.ts";
import type { Exchange, ExchangeHandler } from "../../mod/conn/exchange/exchange.ts";
import { HttpServer } from "../../mod/conn/http_server.ts";
import type { ServerOptions } from "../../mod/conn/exchange/server_options.ts";
import { Framing } from "../../mod/http/message_head.ts";
import type { Address } from "../../mod/base/address.ts";
import type { Listener } from "../../mod/net/reactor.ts";
import { RawConnection } from "../support/raw_socket.ts";
import type { Rig } from "./harness.ts";

const encoder = new TextEncoder();

/** Answers `text` with its length. */
export function answer(exchange: Exchange, text: string, status = 200): void {
  const body = encoder.encode(text);
  exchange.beginHead(status);
  exchange.endHead(Framing.length, body.length);
  exchange.writeBody(body, 0, body.length);
  exchange.endBody();
}

type Route = (exchange: Exchange) => void;

/** Records a handler's callbacks. `/echo` returns the body, other paths are set by tests. */
export class TestServer implements ExchangeHandler {
  readonly http: HttpServer;
  readonly listener: Listener;
  readonly aborts: string[] = [];
  readonly refusals: string[] = [];
  /** Exchanges that a route left open, oldest first. */
  readonly open: { exchange: Exchange; serial: number }[] = [];
  drainCount = 0;
  bodyBytes = 0;

  constructor(
    rig: Rig,
    readonly routes: Record<string, Route> = {},
    options: Partial<ServerOptions> = {},
  ) {
    this.http = new HttpServer(rig.reactor, this, options);
    this.http.onRefused = (_connection, status, error) =>
      void this.refusals.push(`${status} ${error.message}`);
    // A client's end may not have been seen yet.
    rig.atEnd(() => this.http.drain(0));
    this.listener = rig.listen({ kind: "tcp", host: "127.0.0.1", port: 0 }, {}, this.http.onAccept);
  }

  get address(): Address {
    return this.listener.address;
  }

  connect(): Promise<RawConnection> {
    return RawConnection.open(this.address);
  }

  onRequest(exchange: Exchange): void {
    const path = exchange.head.pathText();
    const route = this.routes[path];
    if (route !== undefined) return route(exchange);
    if (path === "/echo") {
      exchange.context = "";
      if (!exchange.hasRequestBody) answer(exchange, "");
    } else if (path === "/later") {
      this.open.push({ exchange, serial: exchange.serial });
    } else {
      answer(exchange, path);
    }
  }

  onBody(exchange: Exchange, bytes: Uint8Array, start: number, end: number): void {
    this.bodyBytes += end - start;
    if (typeof exchange.context !== "string") return;
    exchange.context += new TextDecoder("latin1").decode(bytes.subarray(start, end));
  }

  onBodyEnd(exchange: Exchange): void {
    if (typeof exchange.context === "string") answer(exchange, exchange.context);
  }

  onDrain(): void {
    this.drainCount++;
  }

  onAbort(_exchange: Exchange, error: PeerError): void {
    this.aborts.push(error.code);
  }
}

/** `GET path`, followed by more field lines. */
export function get(path: string, fields = "", version = "1.1"): string {
  return `GET ${path} HTTP/${version}\r\nHost: a\r\n${fields}\r\n`;
}

/** Status and body of each response in `text`, which must consist of length-framed ones. */
export function responses(text: string): { status: number; body: string; head: string }[] {
  const found: { status: number; body: string; head: string }[] = [];
  for (let at = 0; at < text.length;) {
    const headEnd = text.indexOf("\r\n\r\n", at);
    if (headEnd < 0) throw new Error(`Cannot split responses: ${JSON.stringify(text.slice(at))}`);
    const head = text.slice(at, headEnd + 2);
    const length = Number(/\r\ncontent-length: (\d+)\r\n/i.exec(head)?.[1] ?? 0);
    const status = Number(head.slice(9, 12));
    found.push({ status, head, body: text.slice(headEnd + 4, headEnd + 4 + length) });
    at = headEnd + 4 + length;
  }
  return found;
}
