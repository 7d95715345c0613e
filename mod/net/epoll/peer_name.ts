/** The addresses of accepted connections' peers. */
import type { Address } from "../../base/address.ts";
import { AF, decodeSockaddr } from "../../sys/sockaddr.ts";

/** The longest socket address (struct sockaddr_storage). */
const nameBytesMax = 128;
/** What accept4(2) fills: the peer's address, then its length. */
const buffer = new Uint8Array(nameBytesMax + 4);
const words = new Int32Array(buffer.buffer);
const lengthWord = nameBytesMax / 4;
export const namePointer = Deno.UnsafePointer.of(buffer)!;
export const nameLengthPointer = Deno.UnsafePointer.offset(namePointer, nameBytesMax);

/** Words of struct sockaddr_in6 up to the end of its address; sockaddr_in is shorter. */
const ipWords = 6;
/** sockaddr_un of a peer that has no path: only the family. */
const unnamedBytes = 2;

/** Before accept4(2), which takes the length of the buffer from there. */
export function prepareName(): void {
  words[lengthWord] = nameBytesMax;
}

/**
 * The address that accept4(2) has just given; the kernel forgets it at a reset. It is kept as
 * numbers, because making an array for each connection takes as long as a system call (0.3 us).
 */
export class PeerName {
  readonly #word0 = words[0];
  readonly #word1 = words[1];
  readonly #word2 = words[2];
  readonly #word3 = words[3];
  readonly #word4 = words[4];
  readonly #word5 = words[5];
  /** The whole address of a peer at a path. */
  readonly #path: Uint8Array | null;

  constructor() {
    const isPath = (words[0] & 0xffff) === AF.unix && words[lengthWord] > unnamedBytes;
    this.#path = isPath ? buffer.slice(0, Math.min(words[lengthWord], nameBytesMax)) : null;
  }

  decode(): Address {
    const path = this.#path;
    if (path !== null) return decodeSockaddr(path, path.length);
    const struct = new Int32Array(ipWords);
    struct.set([this.#word0, this.#word1, this.#word2, this.#word3, this.#word4, this.#word5]);
    const bytes = new Uint8Array(struct.buffer);
    const isUnnamed = bytes[0] === AF.unix;
    return decodeSockaddr(bytes, isUnnamed ? unnamedBytes : bytes.length);
  }
}
