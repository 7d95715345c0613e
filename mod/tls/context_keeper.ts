/** Keeps a listener's certificates current while connections come and go. */
import { describeStaleMount } from "../config/default_file.ts";
import { libssl } from "../sys/libssl.ts";
import { ServerContext, type ServerContextOptions } from "./server_context.ts";

/** How often certificate files are looked at, in milliseconds. */
const lookMs = 10_000;
/** Handshakes with a replaced context have ended by then. */
const graceMs = 60_000;
/** A ticket key's life. Whoever steals one can read the sessions of this time (RFC 5077 5.5). */
const ticketKeySeconds = 12 * 3600;
const ticketKeyBytes = 80;
/** Of SHA-256. */
const digestBytes = 32;

/** What a keeper needs of its reactor and log. */
export interface KeeperHome {
  setTimer(delayMs: number, callback: () => void): number;
  clearTimer(handle: number): void;
  nowEpochSeconds(): number;
  /** One line: certificates read again, or why a new one is not used. */
  report(line: string): void;
}

/**
 * Reads certificates at start, and again when their files change; a new one that cannot be used is
 * reported and the old one stays. All workers that share `ticketSeed` resume each other's sessions.
 */
export class ContextKeeper {
  readonly ticketSeed: string | null;
  readonly home: KeeperHome;
  readonly #options: ServerContextOptions;
  #context: ServerContext;
  #stamp: string;
  #keyPeriod: number;
  #timer: number;

  /** Throws `StartError` like `ServerContext`. */
  constructor(options: ServerContextOptions, ticketSeed: string | null, home: KeeperHome) {
    this.ticketSeed = ticketSeed;
    this.home = home;
    this.#options = options;
    this.#stamp = this.#readStamp();
    this.#keyPeriod = this.#currentPeriod();
    this.#context = this.#make();
    this.#timer = home.setTimer(lookMs, () => this.#look());
    for (const path of this.#files()) {
      const stale = describeStaleMount(path);
      if (stale !== null) home.report(stale);
    }
  }

  /** The SSL_CTX for the next connection. */
  get pointer(): Deno.PointerObject {
    return this.#context.pointer;
  }

  /** When no handshake is under way, and none will be. Connections that are open go on. */
  close(): void {
    this.home.clearTimer(this.#timer);
    this.#context.free();
  }

  #look(): void {
    this.#timer = this.home.setTimer(lookMs, () => this.#look());
    const stamp = this.#readStamp();
    const period = this.#currentPeriod();
    if (stamp === this.#stamp && period === this.#keyPeriod) return;
    const changed = stamp !== this.#stamp;
    this.#stamp = stamp;
    this.#keyPeriod = period;
    const files = this.#files().join(", ");
    try {
      const former = this.#context;
      this.#context = this.#make();
      this.home.setTimer(graceMs, () => former.free());
      if (changed) this.home.report(`certificates read again: ${files}`);
    } catch (error) {
      this.home.report(`the running certificate stays: ${(error as Error).message}`);
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
    return Math.floor(this.home.nowEpochSeconds() / ticketKeySeconds);
  }

  #files(): string[] {
    const all = this.#options.identities.flatMap(({ certificates }) => certificates);
    const pairs = all.flatMap(({ certificateFile, keyFile }) => [certificateFile, keyFile]);
    const more = [this.#options.clientCaFile, ...this.#options.identities.map((i) => i.ocspFile)];
    return [...pairs, ...more.filter((path) => path !== undefined)];
  }

  /** What changes when a file does. A file that is missing for a moment is one of the states. */
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

/** 80 bytes that everybody who has the seed computes alike: a name, an HMAC key and an AES key. */
function deriveTicketKeys(seed: string, period: number): Uint8Array<ArrayBuffer> {
  const lib = libssl();
  const secret = new TextEncoder().encode(seed);
  const digest = new Uint8Array(digestBytes);
  const keys = new Uint8Array(ticketKeyBytes);
  for (let at = 0; at < ticketKeyBytes; at += digestBytes) {
    const label = new TextEncoder().encode(`hayate tickets ${period} ${at}`);
    lib.HMAC(lib.EVP_sha256(), secret, secret.length, label, label.length, digest, null);
    keys.set(digest.subarray(0, ticketKeyBytes - at), at);
  }
  return keys;
}
