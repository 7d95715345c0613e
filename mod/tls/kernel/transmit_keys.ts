/** The keys of what a server sends, in the kernel's form. */
import { libssl } from "../../sys/libssl.ts";
import { expandLabel, expandSeed } from "./expansion.ts";
import type { Agreement } from "./kernel_cipher.ts";
import type { RecordTrail } from "./record_trail.ts";

type Bytes = Uint8Array<ArrayBuffer>;

const randomBytes = 32;
const sequenceBytes = 8;
const infoBytes = 4;

/** Of TLS 1.3; `count` records were sent under this secret. */
export function keysOfSecret(agreement: Agreement, secret: Bytes, count: number): Bytes {
  const { keyBytes, saltBytes, ivBytes } = agreement.cipher;
  const key = expandLabel(agreement, secret, "key", keyBytes);
  const nonce = expandLabel(agreement, secret, "iv", saltBytes + ivBytes);
  return cryptoInfo(agreement, key, nonce, nonce.subarray(saltBytes), count);
}

/** The secret after a key update (RFC 8446 7.2). */
export function nextSecret(agreement: Agreement, secret: Bytes): Bytes {
  return expandLabel(agreement, secret, "traffic upd", agreement.hashBytes);
}

/** Of TLS 1.2, from the session's master secret (RFC 5246 6.3), after the records of `trail`. */
export function keysOfSession(
  agreement: Agreement,
  ssl: Deno.PointerObject,
  trail: RecordTrail,
): Bytes {
  const lib = libssl();
  const { keyBytes, saltBytes, ivBytes, hasExplicitNonce } = agreement.cipher;
  const master = new Uint8Array(48);
  lib.SSL_SESSION_get_master_key(lib.SSL_get_session(ssl), master, master.length);
  const seed = new Uint8Array(2 * randomBytes);
  lib.SSL_get_server_random(ssl, seed, randomBytes);
  const clientRandom = seed.subarray(randomBytes);
  lib.SSL_get_client_random(ssl, clientRandom, randomBytes);
  // Of the nonce, the fixed part. Without MAC keys, as for all AEADs; ours come second in each pair.
  const fixedBytes = hasExplicitNonce ? saltBytes : saltBytes + ivBytes;
  const block = expandSeed(agreement, master, "key expansion", seed, 2 * (keyBytes + fixedBytes));
  const key = block.subarray(keyBytes, 2 * keyBytes);
  const fixed = block.subarray(2 * keyBytes + fixedBytes);
  const iv = hasExplicitNonce ? successor(trail.start) : fixed;
  const keys = cryptoInfo(agreement, key, fixed, iv, trail.count);
  master.fill(0);
  block.fill(0);
  return keys;
}

/** Struct tls12_crypto_info of linux/tls.h: version, cipher, IV, key, salt, number of the next record. */
function cryptoInfo(
  { version, cipher }: Agreement,
  key: Uint8Array,
  salt: Uint8Array,
  iv: Uint8Array,
  count: number,
): Bytes {
  const { keyBytes, saltBytes, ivBytes } = cipher;
  const info = new Uint8Array(infoBytes + ivBytes + keyBytes + saltBytes + sequenceBytes);
  const view = new DataView(info.buffer);
  view.setUint16(0, version, true);
  view.setUint16(2, cipher.type, true);
  info.set(iv, infoBytes);
  info.set(key, infoBytes + ivBytes);
  info.set(salt.subarray(0, saltBytes), infoBytes + ivBytes + keyBytes);
  // Of the eight bytes the last six hold any number that JavaScript counts to.
  view.setUint16(info.length - 6, Math.floor(count / 0x1_0000_0000));
  view.setUint32(info.length - 4, count % 0x1_0000_0000);
  return info;
}

/** The nonce after `nonce`: OpenSSL and the kernel count them up from a random one. */
function successor(nonce: Uint8Array): Uint8Array {
  const next = nonce.slice();
  for (let i = next.length - 1; i >= 0; i--) {
    next[i] = next[i] + 1 & 255;
    if (next[i] !== 0) break;
  }
  return next;
}
