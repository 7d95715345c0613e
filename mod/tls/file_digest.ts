/** A digest of settings and file contents, to detect a change of trust. */
import { readBytes } from "../process/privileges/parent_files.ts";
import { libssl } from "../sys/libssl.ts";

/** Length of SHA-256, and of the longest session id context (SSL_MAX_SID_CTX_LENGTH). */
export const digestBytes = 32;

/** 32 bytes that change with any word or file content. A missing file counts as empty. */
export function digestOf(
  words: readonly string[],
  files: readonly string[],
): Uint8Array<ArrayBuffer> {
  const lib = libssl();
  const key = new TextEncoder().encode("hayate");
  const hash = (bytes: Uint8Array<ArrayBuffer>) => {
    const digest = new Uint8Array(digestBytes);
    lib.HMAC(lib.EVP_sha256(), key, key.length, bytes, bytes.length, digest, null);
    return digest;
  };
  // Hash each part first, so that parts of different lengths cannot give the same bytes.
  const parts = [
    ...words.map((word) => hash(new TextEncoder().encode(`word ${word}`))),
    ...files.map((file) => hash(contentOf(file))),
  ];
  const all = new Uint8Array(parts.length * digestBytes);
  for (const [index, part] of parts.entries()) all.set(part, index * digestBytes);
  return hash(all);
}

function contentOf(file: string): Uint8Array<ArrayBuffer> {
  try {
    return readBytes(file);
  } catch {
    // The code that loads the file reports the error.
    return new Uint8Array(0);
  }
}
