/** Hosts by name and port, found by the bytes of a Host field: a lookup makes no string. */
import { lowerCase } from "../../http/mod.ts";

interface Entry<Host> {
  /** In lower case. */
  readonly name: Uint8Array;
  readonly port: number;
  host: Host;
  /** The next one of its slot. */
  readonly next: Entry<Host> | null;
}

const COLON = 0x3a;
const OPEN = 0x5b;
const CLOSE = 0x5d;
const portMax = 65_535;

export class ExactHosts<Host> {
  readonly #slots: (Entry<Host> | null)[];
  readonly #defaultPort: number;
  /** FNV-1a of the name that the last `find` has read, for a cache of what it does not find. */
  hash = 0;

  /** `count`: how many hosts are going to be added. */
  constructor(count: number, defaultPort: number) {
    this.#slots = new Array(2 ** Math.ceil(Math.log2(2 * count + 1))).fill(null);
    this.#defaultPort = defaultPort;
  }

  /** Adds a host; the name is in lower case. A later one replaces an earlier one. */
  add(name: string, port: number, host: Host): void {
    const bytes = new TextEncoder().encode(name);
    this.#readName(bytes, 0, bytes.length);
    const slot = this.#slot;
    for (let entry = this.#slots[slot]; entry !== null; entry = entry.next) {
      if (entry.port === port && hasName(entry, bytes, 0, bytes.length)) {
        entry.host = host;
        return;
      }
    }
    this.#slots[slot] = { name: bytes, port, host, next: this.#slots[slot] };
  }

  /** The host that `[start, end)` of `bytes` names, with or without a port; null: none. */
  find(bytes: Uint8Array, start: number, end: number): Host | null {
    const nameEnd = this.#readName(bytes, start, end);
    const port = nameEnd + 1 < end ? readPort(bytes, nameEnd + 1, end) : this.#defaultPort;
    for (let entry = this.#slots[this.#slot]; entry !== null; entry = entry.next) {
      if (entry.port === port && hasName(entry, bytes, start, nameEnd)) return entry.host;
    }
    return null;
  }

  get #slot(): number {
    return (this.hash ^ this.hash >>> 15) & (this.#slots.length - 1);
  }

  /** Hashes the name, and returns its end: that of the authority, or the colon before the port. */
  #readName(bytes: Uint8Array, start: number, end: number): number {
    let hash = 0x811c9dc5;
    let inBrackets = start < end && bytes[start] === OPEN;
    let at = start;
    for (; at < end; at++) {
      const byte = bytes[at];
      if (byte === COLON && !inBrackets) break;
      if (byte === CLOSE) inBrackets = false;
      hash = Math.imul(hash ^ lowerCase[byte], 0x01000193);
    }
    this.hash = hash;
    return at;
  }
}

function hasName(entry: Entry<unknown>, bytes: Uint8Array, start: number, end: number): boolean {
  const { name } = entry;
  if (name.length !== end - start) return false;
  for (let i = 0; i < name.length; i++) if (name[i] !== lowerCase[bytes[start + i]]) return false;
  return true;
}

/** The number that the digits make; -1: it is no port. */
function readPort(bytes: Uint8Array, start: number, end: number): number {
  let port = 0;
  for (let at = start; at < end; at++) {
    const digit = bytes[at] - 0x30;
    if (digit < 0 || digit > 9 || port > portMax) return -1;
    port = port * 10 + digit;
  }
  return port;
}
