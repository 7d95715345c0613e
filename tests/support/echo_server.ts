/** A hayate server in the test's own process that returns what it read of each request. */
import type { PeerError } from "../../mod/base/errors.ts";
import type { Address } from "../../mod/base/address.ts";
import type { Exchange, ExchangeHandler } from "../../mod/conn/exchange/exchange.ts";
import { HttpServer } from "../../mod/conn/http_server.ts";
import type { ServerOptions } from "../../mod/conn/exchange/server_options.ts";
import { Framing, latin1, latin1Bytes, Method } from "../../mod/http/mod.ts";
// Loaded here, so that libraries that stay open do not count as a leak of a single test.
import "../../mod/net/epoll/epoll_reactor.ts";
import "./compiled_calls.ts";
import { createReactor } from "../../mod/net/mod.ts";
import type { Listener, Reactor } from "../../mod/net/reactor.ts";

interface Heard {
  readonly line: string;
  readonly method: Method;
  data: string;
}

/** Answers 200 with `METHOD target` and, in brackets, the content received; CONNECT with 405. */
class EchoHandler implements ExchangeHandler {
  readonly heard = new Map<string, number>();

  onRequest(exchange: Exchange): void {
    const { head } = exchange;
    const line = `${head.methodText()} ${head.targetText()}`;
    this.heard.set(line, (this.heard.get(line) ?? 0) + 1);
    exchange.context = { line, method: head.method, data: "" } satisfies Heard;
    if (!exchange.hasRequestBody) this.#answer(exchange);
  }

  onBody(exchange: Exchange, bytes: Uint8Array, start: number, end: number): void {
    (exchange.context as Heard).data += latin1(bytes, start, end);
  }

  onBodyEnd(exchange: Exchange): void {
    this.#answer(exchange);
  }

  onDrain(_exchange: Exchange): void {}
  onAbort(_exchange: Exchange, _error: PeerError): void {}

  #answer(exchange: Exchange): void {
    const { line, method, data } = exchange.context as Heard;
    const body = latin1Bytes(data === "" ? line : `${line} [${data}]`);
    exchange.beginHead(method === Method.connect ? 405 : 200);
    exchange.endHead(Framing.length, body.length);
    if (exchange.isHead) return exchange.endBody();
    exchange.writeBody(body, 0, body.length);
    exchange.endBody();
  }
}

/** The server on its own reactor, listening on a free port; `await using` ends both. */
export class EchoServer implements AsyncDisposable {
  readonly server: HttpServer;
  readonly address: Address;
  readonly #handler = new EchoHandler();
  readonly #listener: Listener;
  readonly #running: Promise<void>;

  private constructor(readonly reactor: Reactor, options: Partial<ServerOptions>) {
    this.server = new HttpServer(reactor, this.#handler, options);
    const anyPort: Address = { kind: "tcp", host: "127.0.0.1", port: 0 };
    this.#listener = reactor.listen(anyPort, {}, this.server.onAccept);
    this.address = this.#listener.address;
    this.#running = reactor.run();
  }

  static async start(
    backend: Reactor["backend"],
    options: Partial<ServerOptions> = {},
  ): Promise<EchoServer> {
    return new EchoServer(await createReactor(backend), { drainIdleMs: 0, ...options });
  }

  /** Number of requests received with this method and target. */
  heardCount(line: string): number {
    return this.#handler.heard.get(line) ?? 0;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    await this.server.drain(1000);
    this.reactor.stop();
    await this.#running;
  }
}
