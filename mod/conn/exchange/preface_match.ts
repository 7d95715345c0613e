import { clientPreface } from "../../http2/mod.ts";

/** What the first bytes of a connection without TLS are. */
export const FirstBytes = { http1: 0, undecided: 1, http2: 2 } as const;
export type FirstBytes = typeof FirstBytes[keyof typeof FirstBytes];

/**
 * Compares the first bytes of a connection with the client's preface (RFC 9113 3.4), at however many
 * points they are split. What has matched need not be kept: the preface is always the same.
 */
export class PrefaceMatch {
  /** Bytes that have matched so far. */
  length = 0;

  /** Takes the next bytes, until the answer is no longer `undecided`. */
  take(bytes: Uint8Array, start: number, end: number): FirstBytes {
    let at = start;
    while (at < end && this.length < clientPreface.length) {
      if (bytes[at++] !== clientPreface[this.length]) return FirstBytes.http1;
      this.length++;
    }
    return this.length < clientPreface.length ? FirstBytes.undecided : FirstBytes.http2;
  }
}
