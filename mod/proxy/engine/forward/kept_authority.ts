/** How the client addressed us, kept after its request head is no longer valid. */
import { latin1, type RequestHead } from "../../../http/mod.ts";

const bytesMax = 256;
/** A power of two. Few hosts have most of the traffic. */
const placeCount = 64;
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

function placeOf(bytes: Uint8Array, start: number, end: number): number {
  if (start === end) return 0;
  return (7 * (end - start) + 5 * bytes[start] + bytes[end - 1]) & (placeCount - 1);
}

function equals(host: Uint8Array, bytes: Uint8Array, start: number, end: number): boolean {
  if (host.length !== end - start) return false;
  for (let i = 0; i < host.length; i++) if (host[i] !== bytes[start + i]) return false;
  return true;
}
