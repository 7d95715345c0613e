/** A certificate with its key that the processes of one run share, without a file on disk. */
import { StartError } from "../base/errors.ts";
import { openMemoryFile, openSharedFile } from "../sys/memory_file.ts";
import type { SelfSigned } from "./self_signed.ts";
import type { CertificateFiles } from "./server_context.ts";

/** A pair that other processes of this user can read until `dispose`. */
export interface KeptPair {
  /** One file with both; null where others cannot open it, so that they need the PEM itself. */
  readonly path: string | null;
  dispose(): void;
}

/**
 * Keeps a pair in memory, as a container may have no writable folder. Where /proc hides our
 * descriptors there is no path: those of a program with file capabilities, and those of root, whose
 * workers may become another user.
 */
export function keepPair(pem: string, isRoot = Deno.uid() === 0): KeptPair {
  const file = isRoot ? null : openSharedFile("self-signed.pem");
  if (file === null) return { path: null, dispose: () => {} };
  Deno.writeTextFileSync(file.path, pem);
  return { path: file.sharedPath, dispose: () => file.close() };
}

/** A file with a pair that was passed as PEM, open until the process ends. Throws `StartError`. */
export function openPair(pem: string): CertificateFiles {
  const file = openMemoryFile("self-signed.pem");
  if (file === null) throw new StartError("TLS: cannot keep the self-signed certificate in memory");
  Deno.writeTextFileSync(file.path, pem);
  return bothIn(file.path);
}

/** OpenSSL finds its part in a file that has both. */
export function bothIn(path: string): CertificateFiles {
  return { certificateFile: path, keyFile: path };
}

export function pemOf({ certificate, key }: SelfSigned): string {
  const decoder = new TextDecoder();
  return decoder.decode(certificate) + decoder.decode(key);
}
