/** Keys of TLS session tickets and their rotation. */
import { libssl } from "../../sys/libssl.ts";

/** Lifetime of a ticket key. A stolen key decrypts the sessions of this time (RFC 5077 5.5). */
const ticketKeySeconds = 12 * 3600;
const ticketKeyBytes = 80;
/** Length of SHA-256. */
const digestBytes = 32;

/** Number of the period that a time lies in; keys rotate when it changes. */
export function ticketKeyPeriod(epochSeconds: number): number {
  return Math.floor(epochSeconds / ticketKeySeconds);
}

/**
 * The keys of one period, derived from the seed: a name, an HMAC key and an AES key, as
 * SSL_CTX_set_tlsext_ticket_keys takes them. Processes with the same seed have the same keys.
 */
export function deriveTicketKeys(seed: string, period: number): Uint8Array<ArrayBuffer> {
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
