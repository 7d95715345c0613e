/** How TLS makes keys of secrets: HKDF-Expand-Label (RFC 8446 7.1) and the PRF of TLS 1.2 (RFC 5246 5). */
import { libssl } from "../../sys/libssl.ts";
import { concat } from "../../std/bytes.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** A hash: its EVP_MD, and its length. */
export interface Hash {
  readonly hash: Deno.PointerObject;
  readonly hashBytes: number;
}

const encoder = new TextEncoder();

/** HKDF-Expand-Label with an empty context; `length` is at most that of the hash. */
export function expandLabel(
  { hash, hashBytes }: Hash,
  secret: Bytes,
  label: string,
  length: number,
): Bytes {
  const name = encoder.encode(`tls13 ${label}`);
  // HkdfLabel, and the counter of HKDF-Expand (RFC 5869 2.3), which stays at 1.
  const input = new Uint8Array(2 + 1 + name.length + 1 + 1);
  input[0] = length >> 8;
  input[1] = length & 255;
  input[2] = name.length;
  input.set(name, 3);
  input[input.length - 1] = 1;
  return authenticate(hash, hashBytes, secret, input).subarray(0, length);
}

/** PRF(secret, label, seed) of TLS 1.2, the first `length` bytes. */
export function expandSeed(
  { hash, hashBytes }: Hash,
  secret: Bytes,
  label: string,
  seed: Uint8Array,
  length: number,
): Bytes {
  const labelled = concat([encoder.encode(label), seed]);
  const output = new Uint8Array(Math.ceil(length / hashBytes) * hashBytes);
  let chain = labelled;
  for (let at = 0; at < length; at += hashBytes) {
    chain = authenticate(hash, hashBytes, secret, chain);
    output.set(authenticate(hash, hashBytes, secret, concat([chain, labelled])), at);
  }
  return output.subarray(0, length);
}

function authenticate(
  hash: Deno.PointerObject,
  hashBytes: number,
  key: Bytes,
  input: Bytes,
): Bytes {
  const digest = new Uint8Array(hashBytes);
  libssl().HMAC(hash, key, key.length, input, input.length, digest, null);
  return digest;
}
