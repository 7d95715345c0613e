/** Keeps a listener's certificates current, and its ticket keys (see ticket_keys.ts). */
import { describeStaleMount } from "../config/default_file.ts";
import { missingGroups, opensslVersion } from "./groups.ts";
import { stampOf } from "../process/files/file_stamp.ts";
import { ServerContext, type ServerContextOptions } from "./server_context.ts";
import type { SessionRules } from "./sessions/session_rules.ts";
import type { RingHost } from "./sessions/ticket_ring.ts";
import { deriveTicketKeys, ticketKeyPeriod } from "./sessions/ticket_keys.ts";

/** How often certificate files are checked, in milliseconds. */
const checkMs = 10_000;
/** After this time no handshake uses a replaced context any more. */
const graceMs = 60_000;

/** The reactor and log of a keeper, and of the ring of ticket keys beside it. */
export type KeeperHost = RingHost;

/**
 * Loads certificates at start, and again when their files change. An unusable new one is reported and
 * the old one stays in use. Workers with the same `ticketSeed` resume each other's sessions.
 */
export class ContextKeeper {
  readonly ticketSeed: string | null;
  readonly host: KeeperHost;
  readonly #options: ServerContextOptions;
  readonly #sessions: SessionRules | undefined;
  #context: ServerContext;
  #stamp: string;
  #keyPeriod: number;
  #timer: number;

  /** Throws `StartError`, like `ServerContext`. */
  constructor(
    options: ServerContextOptions,
    ticketSeed: string | null,
    host: KeeperHost,
    sessions?: SessionRules,
  ) {
    this.#sessions = sessions;
    this.ticketSeed = ticketSeed;
    this.host = host;
    this.#options = options;
    this.#stamp = stampOf(this.#files());
    this.#keyPeriod = this.#currentPeriod();
    this.#context = this.#make();
    this.#timer = host.setTimer(checkMs, () => this.#refresh());
    for (const name of missingGroups(options.groups ?? [])) {
      host.report(`key-exchange-tls1.3: OpenSSL ${opensslVersion()} has no ${name}; ignoring it`);
    }
    for (const path of this.#files()) {
      const stale = describeStaleMount(path);
      if (stale !== null) host.report(stale);
    }
    this.#checkResponses();
  }

  /** The SSL_CTX for the next connection. */
  get pointer(): Deno.PointerObject {
    return this.#context.pointer;
  }

  /** Call it when no handshake is in progress or will start. Open connections stay usable. */
  close(): void {
    this.host.clearTimer(this.#timer);
    this.#context.free();
  }

  #refresh(): void {
    this.#timer = this.host.setTimer(checkMs, () => this.#refresh());
    this.#rotateKeys();
    this.#checkFiles();
    this.#checkResponses();
  }

  #checkFiles(): void {
    const stamp = stampOf(this.#files());
    if (stamp === this.#stamp) return;
    this.#stamp = stamp;
    try {
      const previous = this.#context;
      this.#context = this.#make();
      this.host.setTimer(graceMs, () => previous.free());
      this.host.report(`certificates reloaded: ${this.#files().join(", ")}`);
    } catch (error) {
      this.host.report(`still using the old certificate: ${(error as Error).message}`);
    }
  }

  /** OCSP responses hold for days only, and what renews them may have stopped. */
  #checkResponses(): void {
    const nowMs = this.host.nowEpochSeconds() * 1000;
    for (const line of this.#context.takeOcspFaults(nowMs)) this.host.report(line);
  }

  /** In place: keys must rotate also while the files cannot be read or have expired. */
  #rotateKeys(): void {
    const period = this.#currentPeriod();
    if (this.ticketSeed === null || period === this.#keyPeriod) return;
    this.#keyPeriod = period;
    this.#context.useTicketKeys(deriveTicketKeys(this.ticketSeed, period));
  }

  #make(): ServerContext {
    const context = new ServerContext(this.#options, this.#sessions);
    if (this.ticketSeed !== null) {
      context.useTicketKeys(deriveTicketKeys(this.ticketSeed, this.#keyPeriod));
    }
    return context;
  }

  #currentPeriod(): number {
    if (this.ticketSeed === null) return 0;
    return ticketKeyPeriod(this.host.nowEpochSeconds());
  }

  #files(): string[] {
    const all = this.#options.identities.flatMap(({ certificates }) => certificates);
    const pairs = all.flatMap(({ certificateFile, keyFile }) => [certificateFile, keyFile]);
    const more = [this.#options.clientCaFile, ...this.#options.identities.map((i) => i.ocspFile)];
    // One file may hold a certificate and its key.
    return [...new Set([...pairs, ...more.filter((path) => path !== undefined)])];
  }
}
