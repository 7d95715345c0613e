/** Cipher suites that the kernel has. */
import { libssl } from "../../sys/libssl.ts";

/** Versions of the protocol that the kernel knows. */
const tls12 = 0x303;
const tls13 = 0x304;

export interface KernelCipher {
  /** TLS_CIPHER_* of linux/tls.h. */
  readonly type: number;
  readonly keyBytes: number;
  /** Of the nonce, what stays the same for the connection: the salt, and the rest for ChaCha20. */
  readonly saltBytes: number;
  readonly ivBytes: number;
  /** TLS 1.2 sends the rest of the nonce with each record (RFC 5288 3). */
  readonly hasExplicitNonce: boolean;
}

/** By OpenSSL's numbers (obj_mac.h). AES-CCM is left out: it is rare, and the kernel's is slow. */
const byNid: ReadonlyMap<number, KernelCipher> = new Map([
  [895, { type: 51, keyBytes: 16, saltBytes: 4, ivBytes: 8, hasExplicitNonce: true }],
  [901, { type: 52, keyBytes: 32, saltBytes: 4, ivBytes: 8, hasExplicitNonce: true }],
  [1018, { type: 54, keyBytes: 32, saltBytes: 0, ivBytes: 12, hasExplicitNonce: false }],
]);

/** What the keys of one direction are made from. */
export interface Agreement {
  readonly version: number;
  readonly cipher: KernelCipher;
  /** The EVP_MD of the handshake, and its length. */
  readonly hash: Deno.PointerObject;
  readonly hashBytes: number;
}

/** TLS 1.3, whose keys come from a secret that can be followed by another. */
export function hasKeyUpdates({ version }: Agreement): boolean {
  return version === tls13;
}

/** What the handshake of `ssl` has agreed on; null: the kernel cannot send such records. */
export function agreementOf(ssl: Deno.PointerObject): Agreement | null {
  const lib = libssl();
  const version = lib.SSL_version(ssl);
  if (version !== tls12 && version !== tls13) return null;
  const suite = lib.SSL_get_current_cipher(ssl);
  const cipher = byNid.get(lib.SSL_CIPHER_get_cipher_nid(suite));
  const hash = lib.SSL_CIPHER_get_handshake_digest(suite);
  if (cipher === undefined || hash === null) return null;
  // The kernel's records have up to 16 KB (RFC 6066 4).
  if (lib.SSL_SESSION_get_max_fragment_length(lib.SSL_get_session(ssl)) !== 0) return null;
  return { version, cipher, hash, hashBytes: lib.EVP_MD_get_size(hash) };
}
