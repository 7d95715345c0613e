/** Finds the configured host for a Host field: exact names, then wildcards, then the first host. */
import { latin1 } from "../../http/mod.ts";
import { ExactHosts } from "./exact_hosts.ts";

interface NamedHost {
  readonly name: string;
  readonly port: number;
  readonly strictMatch: boolean;
}

/**
 * Cached spellings of Host that no exact name is, with their result; bounded, since clients choose
 * them. A power of two.
 */
const cacheSlots = 256;
const cachedBytesMax = 128;

export class HostTable<Host extends NamedHost> {
  readonly #exact: ExactHosts<Host>;
  /** Suffix with its leading dot, port and host; in configuration order. */
  readonly #wildcards: { suffix: string; port: number; host: Host }[] = [];
  readonly #defaultPort: number;
  readonly #fallback: Host | null;
  /** A single host that accepts every name: no lookup needed. */
  readonly #isSingle: boolean;
  readonly #cachedNames: (Uint8Array | undefined)[] = new Array(cacheSlots);
  readonly #cachedHosts: (Host | null)[] = new Array(cacheSlots).fill(null);

  constructor(hosts: readonly Host[], defaultPort: number) {
    this.#defaultPort = defaultPort;
    this.#fallback = hosts.find((host) => !host.strictMatch) ?? null;
    this.#isSingle = hosts.length === 1 && this.#fallback !== null;
    this.#exact = new ExactHosts(hosts.length, defaultPort);
    for (const host of hosts) {
      const port = host.port === 0 ? defaultPort : host.port;
      if (host.name.startsWith("*")) {
        this.#wildcards.push({ suffix: host.name.slice(1), port, host });
      } else {
        this.#exact.add(host.name, port, host);
      }
    }
  }

  /** The host for `[start, end)` of `bytes`; start is -1 without a Host. Null: no host matches. */
  find(bytes: Uint8Array, start: number, end: number): Host | null {
    if (this.#isSingle || start < 0) return this.#fallback;
    const exact = this.#exact.find(bytes, start, end);
    if (exact !== null) return exact;
    return this.#wildcards.length === 0 ? this.#fallback : this.#findBelow(bytes, start, end);
  }

  /** The first wildcard that matches. */
  #findBelow(bytes: Uint8Array, start: number, end: number): Host | null {
    const length = end - start;
    const slot = (this.#exact.hash ^ this.#exact.hash >>> 15) & (cacheSlots - 1);
    const cached = this.#cachedNames[slot];
    if (cached !== undefined && cached.length === length) {
      let at = 0;
      while (at < length && cached[at] === bytes[start + at]) at++;
      if (at === length) return this.#cachedHosts[slot];
    }
    const host = this.#lookUp(latin1(bytes, start, end).toLowerCase());
    if (length <= cachedBytesMax) {
      this.#cachedNames[slot] = bytes.slice(start, end);
      this.#cachedHosts[slot] = host;
    }
    return host;
  }

  #lookUp(authority: string): Host | null {
    const match = /^(\[[^\]]*\]|[^:]*)(?::([0-9]*))?$/.exec(authority);
    if (match === null) return this.#fallback;
    const name = match[1];
    const port = match[2] === undefined || match[2] === "" ? this.#defaultPort : Number(match[2]);
    for (const { suffix, port: wanted, host } of this.#wildcards) {
      if (port === wanted && name.length > suffix.length && name.endsWith(suffix)) return host;
    }
    return this.#fallback;
  }
}
