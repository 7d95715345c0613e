/** TLS in front of a process's listeners, with certificates that stay current. */
import { formatAddress } from "../base/address.ts";
import { type Logger, SparseLog } from "../log/mod.ts";
import type { AcceptHandler, Reactor, Socket } from "../net/reactor.ts";
import type { InheritedTls } from "./appliance.ts";
import { ContextKeeper } from "./context_keeper.ts";
import { secureAccept } from "./secure_accept.ts";
import type { ServerContextOptions } from "./server_context.ts";

/** For a client to complete its handshake (h2o's handshake-timeout). */
export const handshakeTimeoutDefaultMs = 10_000;

/** How often `settled` looks. */
const pollMs = 20;

export class SecuredListeners {
  readonly reactor: Reactor;
  readonly logger: Logger;
  readonly inherited: InheritedTls | null;
  readonly handshakeTimeoutMs: number;
  /** Who shares it resumes the same sessions; null: each listener its own. */
  readonly ticketSeed: string | null;
  readonly #keepers: ContextKeeper[] = [];
  readonly #pending = new Set<unknown>();
  readonly #failures: SparseLog;

  constructor(
    reactor: Reactor,
    logger: Logger,
    inherited: InheritedTls | null,
    handshakeTimeoutMs: number = handshakeTimeoutDefaultMs,
    ticketSeed: string | null = inherited?.ticketSeed ?? null,
  ) {
    this.reactor = reactor;
    this.logger = logger;
    this.inherited = inherited;
    this.handshakeTimeoutMs = handshakeTimeoutMs;
    this.ticketSeed = ticketSeed;
    this.#failures = new SparseLog(logger, () => reactor.nowMs);
  }

  /** True when the supervisor wants TLS on its socket of this name (as in SERVER_STARTER_PORT). */
  isSecure(socketName: string): boolean {
    return this.inherited?.sockets.has(socketName) ?? false;
  }

  /** `onAccept` behind TLS where the supervisor wants it, else as it is. Throws `StartError`. */
  secureInherited(
    socketName: string,
    onAccept: AcceptHandler,
    onFailure?: () => void,
  ): AcceptHandler {
    if (!this.isSecure(socketName)) return onAccept;
    return this.secure({ identities: [this.inherited!.identity] }, onAccept, onFailure);
  }

  /**
   * Throws `StartError` with the path of a file that cannot be used. `onFailure`: for each handshake
   * that is not completed.
   */
  secure(
    options: ServerContextOptions,
    onAccept: AcceptHandler,
    onFailure?: () => void,
  ): AcceptHandler {
    const { reactor, logger } = this;
    const keeper = new ContextKeeper(options, this.ticketSeed, {
      setTimer: (delayMs, callback) => reactor.setTimer(delayMs, callback),
      clearTimer: (handle) => reactor.clearTimer(handle),
      nowEpochSeconds: () => Date.now() / 1000,
      report: (line) => logger.warn(line),
    });
    this.#keepers.push(keeper);
    return secureAccept({
      wheel: reactor.wheel,
      now: () => reactor.nowMs,
      context: () => keeper.pointer,
      handshakeTimeoutMs: this.handshakeTimeoutMs,
      pending: this.#pending,
      onFailure: (socket, phrase) => {
        onFailure?.();
        this.#onFailure(socket, phrase);
      },
    }, onAccept);
  }

  #onFailure(socket: Socket, phrase: string): void {
    const peer = formatAddress(socket.peerAddress());
    this.#failures.info(`TLS handshake with ${peer} failed: ${phrase}`);
  }

  /**
   * Resolves when no handshake is under way: an accepted connection is a promise, also before its
   * server has heard of it. Each ends within `handshakeTimeoutMs`.
   */
  async settled(): Promise<void> {
    while (this.#pending.size > 0) {
      await new Promise<void>((resolve) => void this.reactor.setTimer(pollMs, resolve));
    }
  }

  /** Lets go of the certificates; once `settled` and when nobody is accepted any more. */
  close(): void {
    for (const keeper of this.#keepers) keeper.close();
  }
}
