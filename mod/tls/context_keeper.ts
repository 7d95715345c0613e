/** Keeps a listener's certificates current, and its ticket keys (see ticket_keys.ts). */
import { describeStaleMount } from "../config/default_file.ts";
import { ServerContext, type ServerContextOptions } from "./server_context.ts";
import { deriveTicketKeys, ticketKeyPeriod } from "./ticket_keys.ts";

/** How often certificate files are checked, in milliseconds. */
const checkMs = 10_000;
/** After this time no handshake uses a replaced context any more. */
const graceMs = 60_000;

/** The reactor and log of a keeper. */
export interface KeeperHost {
  setTimer(delayMs: number, callback: () => void): number;
  clearTimer(handle: number): void;
  nowEpochSeconds(): number;
  /** Logs one line: certificates reloaded, or why a new one is not used. */
  report(line: string): void;
}

/**
 * Loads certificates at start, and again when their files change. An unusable new one is reported and
 * the old one stays in use. Workers with the same `ticketSeed` resume each other's sessions.
 */
export class ContextKeeper {
  readonly ticketSeed: string | null;
  readonly host: KeeperHost;
  readonly #options: ServerContextOptions;
  #context: ServerContext;
  #stamp: string;
  #keyPeriod: number;
  #timer: number;

  /** Throws `StartError`, like `ServerContext`. */
  constructor(options: ServerContextOptions, ticketSeed: string | null, host: KeeperHost) {
    this.ticketSeed = ticketSeed;
    this.host = host;
    this.#options = options;
    this.#stamp = this.#readStamp();
    this.#keyPeriod = this.#currentPeriod();
    this.#context = this.#make();
    this.#timer = host.setTimer(checkMs, () => this.#refresh());
    for (const path of this.#files()) {
      const stale = describeStaleMount(path);
      if (stale !== null) host.report(stale);
    }
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
    const stamp = this.#readStamp();
    const period = this.#currentPeriod();
    if (stamp === this.#stamp && period === this.#keyPeriod) return;
    const changed = stamp !== this.#stamp;
    this.#stamp = stamp;
    this.#keyPeriod = period;
    const files = this.#files().join(", ");
    try {
      const previous = this.#context;
      this.#context = this.#make();
      this.host.setTimer(graceMs, () => previous.free());
      if (changed) this.host.report(`certificates reloaded: ${files}`);
    } catch (error) {
      this.host.report(`still using the old certificate: ${(error as Error).message}`);
    }
  }

  #make(): ServerContext {
    if (this.ticketSeed === null) return new ServerContext(this.#options);
    return new ServerContext({
      ...this.#options,
      ticketKeys: deriveTicketKeys(this.ticketSeed, this.#keyPeriod),
    });
  }

  #currentPeriod(): number {
    if (this.ticketSeed === null) return 0;
    return ticketKeyPeriod(this.host.nowEpochSeconds());
  }

  #files(): string[] {
    const all = this.#options.identities.flatMap(({ certificates }) => certificates);
    const pairs = all.flatMap(({ certificateFile, keyFile }) => [certificateFile, keyFile]);
    const more = [this.#options.clientCaFile, ...this.#options.identities.map((i) => i.ocspFile)];
    return [...pairs, ...more.filter((path) => path !== undefined)];
  }

  /** A text that changes when a file does. A missing file is a state, too. */
  #readStamp(): string {
    return this.#files().map((path) => {
      try {
        const { mtime, size, ino } = Deno.statSync(path);
        return `${mtime?.getTime()}:${size}:${ino}`;
      } catch (error) {
        return (error as Error).name;
      }
    }).join(" ");
  }
}
