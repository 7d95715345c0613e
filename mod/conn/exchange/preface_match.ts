import { clientPreface } from "../../http2/mod.ts";

/** The bytes of a whole preface. */
export const prefaceBytes = clientPreface.length;
/** What `matchPreface` returns for bytes of HTTP/1. */
export const noPreface = -1;

/**
 * Compares the first bytes of a connection with the client's preface (RFC 9113 3.4), at however many
 * points they are split; `matched` of its bytes have come before. Returns how many have come now,
 * `prefaceBytes` if all have, or `noPreface`. What has matched need not be kept: the preface is
 * always the same.
 */
export function matchPreface(
  matched: number,
  bytes: Uint8Array,
  start: number,
  end: number,
): number {
  for (let at = start; at < end && matched < prefaceBytes; at++) {
    if (bytes[at] !== clientPreface[matched++]) return noPreface;
  }
  return matched;
}
