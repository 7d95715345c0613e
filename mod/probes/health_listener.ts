/** The listener of `--health`: `/livez` and `/readyz`, apart from the traffic. */
import type { Address } from "../base/address.ts";
import type { Exchange, ExchangeHandler } from "../conn/exchange/exchange.ts";
import { HttpServer } from "../conn/http_server.ts";
import { StaticResponse } from "../conn/exchange/static_response.ts";
import type { Listener, Reactor } from "../net/reactor.ts";
import { removeSocketPath, socketInode } from "../net/unix_path.ts";
import { answerProbe, type Health } from "./health.ts";

/** Whoever may look into the folder may ask: the answers hold nothing private. */
const socketMode = 0o666;
const notFound = new StaticResponse(
  404,
  [["Content-Type", "text/plain; charset=utf-8"]],
  "/livez and /readyz are here\n",
);

export interface HealthListener {
  close(): void;
}

/**
 * Opens the listener on `reactor`. A TCP address is shared by generations of a program that no
 * supervisor of ours holds together. Throws `StartError`.
 */
export function openHealth(reactor: Reactor, address: Address, health: Health): HealthListener {
  const server = new HttpServer(reactor, new ProbeHandler(health));
  if (address.kind === "tcp") return reactor.listen(address, { reusePort: true }, server.onAccept);
  return new UnixHealth(
    reactor.listen(address, { mode: socketMode }, server.onAccept),
    address.path,
  );
}

class UnixHealth implements HealthListener {
  readonly #inode: number | null;

  constructor(readonly listener: Listener, readonly path: string) {
    this.#inode = socketInode(path);
  }

  /** Leaves the socket of a later process at the same path alone. */
  close(): void {
    removeSocketPath(this.path, this.#inode);
    this.listener.close();
  }
}

class ProbeHandler implements ExchangeHandler {
  constructor(readonly health: Health) {}

  onRequest(exchange: Exchange): void {
    if (!answerProbe(exchange, this.health)) exchange.respond(notFound);
  }

  onBody(): void {}
  onBodyEnd(): void {}
  onDrain(): void {}
  onAbort(): void {}
}
