/** How the client addressed us, kept after its request head is no longer valid. */
import { latin1, type RequestHead } from "../../../http/mod.ts";

const bytesMax = 256;
/** A power of two; thousands of hosts, all of which have traffic, find a place. */
const placeCount = 4096;
const noBytes = new Uint8Array(0);
/** The last hosts, by what `placeOf` makes of them. */
const lastHosts: Uint8Array[] = new Array(placeCount).fill(noBytes);

/** Reused for each exchange; the text is built only when it is needed. */
export class KeptAuthority {
  /** Shared with exchanges of the same host: a copy for each would be in no cache when it is made. */
  #bytes: Uint8Array = noBytes;

  /** Keeps the head's Host; a value longer than a name can be is truncated. */
  keep(head: RequestHead): void {
    const { bytes, hostStart, hostEnd } = head;
    if (hostStart < 0) {
      this.#bytes = noBytes;
      return;
    }
    const end = Math.min(hostEnd, hostStart + bytesMax);
    const place = placeOf(bytes, hostStart, end);
    let host = lastHosts[place];
    if (!equals(host, bytes, hostStart, end)) {
      host = lastHosts[place] = bytes.slice(hostStart, end);
    }
    this.#bytes = host;
  }

  text(): string {
    return latin1(this.#bytes, 0, this.#bytes.length);
  }
}

/** By all bytes (FNV-1a): names of one site often differ in one of them. */
function placeOf(bytes: Uint8Array, start: number, end: number): number {
  let hash = 0x811c9dc5;
  for (let at = start; at < end; at++) hash = Math.imul(hash ^ bytes[at], 0x01000193);
  return (hash ^ hash >>> 15) & (placeCount - 1);
}

function equals(host: Uint8Array, bytes: Uint8Array, start: number, end: number): boolean {
  if (host.length !== end - start) return false;
  for (let i = 0; i < host.length; i++) if (host[i] !== bytes[start + i]) return false;
  return true;
}
