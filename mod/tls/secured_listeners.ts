/** TLS for a process's listeners, with certificates that are kept current. */
import { formatAddress } from "../base/address.ts";
import { type Logger, SparseLog } from "../log/mod.ts";
import type { AcceptHandler, Reactor, Socket } from "../net/reactor.ts";
import { getVariable } from "../process/environment.ts";
import { type InheritedTls, tlsVariables } from "./appliance.ts";
import { ContextKeeper, type KeeperHost } from "./context_keeper.ts";
import { FileReports } from "./file_reports.ts";
import type { OffloadMode } from "./kernel/offload_mode.ts";
import { secureAccept } from "./secure_accept.ts";
import { type SessionPlan, sessionsDefault } from "./sessions/session_rules.ts";
import type { TicketRing } from "./sessions/ticket_ring.ts";
import type { ServerContextOptions } from "./server_context.ts";

/** Timeout for a TLS handshake (h2o's handshake-timeout). */
export const handshakeTimeoutDefaultMs = 10_000;

/** Polling interval of `settled`. */
const pollMs = 20;

/** Reads the ticket keys of a file. Throws `StartError`. */
export type OpenTicketRing = (file: string, host: KeeperHost) => TicketRing;

/** What holds for all TLS listeners of a process. */
export interface TlsRules {
  readonly handshakeTimeoutMs?: number;
  /** Processes with the same seed resume each other's sessions; null: that of the parent, if any. */
  readonly ticketSeed?: string | null;
  readonly sessions?: SessionPlan;
  /** Needed for `sessions` with a file of keys; its reader is loaded by who has one. */
  readonly openTicketRing?: OpenTicketRing;
  /** When the kernel encrypts files, if it can. */
  readonly offload?: OffloadMode;
}

export class SecuredListeners {
  readonly reactor: Reactor;
  readonly logger: Logger;
  readonly inherited: InheritedTls | null;
  readonly handshakeTimeoutMs: number;
  /** Processes with the same seed resume each other's sessions; null: one per listener. */
  readonly ticketSeed: string | null;
  /** By their options: listeners with the same ones share certificates in memory, and log once. */
  readonly #keepers = new Map<string, ContextKeeper>();
  readonly #sessions: SessionPlan;
  readonly #offload: OffloadMode;
  readonly #openRing: OpenTicketRing | null;
  #ring: TicketRing | null = null;
  readonly #pending = new Set<unknown>();
  readonly #failures: SparseLog;
  readonly #reports: FileReports;

  constructor(
    reactor: Reactor,
    logger: Logger,
    inherited: InheritedTls | null,
    rules: TlsRules = {},
  ) {
    this.#sessions = rules.sessions ?? sessionsDefault;
    const { offload = "off" } = rules;
    // In this order: to ask the kernel takes half a millisecond of a start.
    this.#offload = offload !== "off" && reactor.offersKernelTls?.() ? offload : "off";
    this.#openRing = rules.openTicketRing ?? null;
    this.reactor = reactor;
    this.logger = logger;
    this.inherited = inherited;
    this.handshakeTimeoutMs = rules.handshakeTimeoutMs ?? handshakeTimeoutDefaultMs;
    this.ticketSeed = rules.ticketSeed ?? inherited?.ticketSeed ?? null;
    this.#failures = new SparseLog(logger, () => reactor.nowMs);
    const isSilent = getVariable(tlsVariables.silent) !== undefined;
    this.#reports = new FileReports(
      (line) => isSilent ? logger.debug(line) : logger.warn(line),
      () => reactor.nowMs,
    );
  }

  /** True when the supervisor enables TLS on the socket of this name (as in SERVER_STARTER_PORT). */
  isSecure(socketName: string): boolean {
    return this.inherited?.sockets.has(socketName) ?? false;
  }

  /** Wraps `onAccept` in TLS where the supervisor enables it. Throws `StartError`. */
  secureInherited(
    socketName: string,
    onAccept: AcceptHandler,
    onFailure?: () => void,
    withoutHttp2 = false,
  ): AcceptHandler {
    if (!this.isSecure(socketName)) return onAccept;
    const { identities, challengeFolder } = this.inherited!;
    const challenges = challengeFolder === null ? {} : { challengeFolder };
    return this.secure({ identities, withoutHttp2, ...challenges }, onAccept, onFailure);
  }

  /**
   * Throws `StartError` with the path of an unusable file. `onFailure` is called for each handshake
   * that fails.
   */
  secure(
    options: ServerContextOptions,
    onAccept: AcceptHandler,
    onFailure?: () => void,
  ): AcceptHandler {
    const { reactor } = this;
    const keeper = this.#keeperOf({ ...options, mayOffload: this.#offload !== "off" });
    return secureAccept({
      wheel: reactor.wheel,
      now: () => reactor.nowMs,
      context: () => keeper.pointer,
      handshakeTimeoutMs: this.handshakeTimeoutMs,
      offload: this.#offload,
      pending: this.#pending,
      onFailure: (socket, phrase) => {
        onFailure?.();
        this.#onFailure(socket, phrase);
      },
    }, onAccept);
  }

  #keeperOf(options: ServerContextOptions): ContextKeeper {
    const key = JSON.stringify(options);
    const known = this.#keepers.get(key);
    if (known !== undefined) return known;
    const { reactor } = this;
    const host: KeeperHost = {
      setTimer: (delayMs, callback) => reactor.setTimer(delayMs, callback),
      clearTimer: (handle) => reactor.clearTimer(handle),
      nowEpochSeconds: () => Date.now() / 1000,
      report: (line) => this.#reports.report(line),
    };
    const plan = this.#sessions;
    if (plan.tickets && plan.ticketFile !== null) {
      this.#ring ??= this.#openRing!(plan.ticketFile, host);
    }
    const sessions = { plan, ring: this.#ring };
    const keeper = new ContextKeeper(options, this.ticketSeed, host, sessions);
    this.#keepers.set(key, keeper);
    return keeper;
  }

  #onFailure(socket: Socket, phrase: string): void {
    const peer = formatAddress(socket.peerAddress());
    this.#failures.info(`TLS handshake with ${peer} failed: ${phrase}`);
  }

  /**
   * Resolves when no handshake is in progress: accepted connections must be served, also those that
   * the server has not got yet. Each handshake ends within `handshakeTimeoutMs`.
   */
  async settled(): Promise<void> {
    while (this.#pending.size > 0) {
      await new Promise<void>((resolve) => void this.reactor.setTimer(pollMs, resolve));
    }
  }

  /** Frees the certificates. Call it after `settled`, when no more connections are accepted. */
  close(): void {
    for (const keeper of this.#keepers.values()) keeper.close();
    this.#ring?.close();
  }
}
