/**
 * One file of the cache: a digest of all that follows, a line of JSON, and bytes. It is replaced by a
 * rename, and counts as missing unless every byte is as it was written.
 */
import { sha256 } from "../../base/sha256.ts";
import { removeIfThere } from "../../process/files/if_there.ts";
import { isOurs } from "../../process/files/cache_folder.ts";

/** SHA-256 in hexadecimal, and a line end. */
const digestBytes = 65;
/** More than linked apps have; a larger file is not read. */
const fileBytesMax = 256 << 20;

/** What a file holds. */
export interface CacheFile {
  /** One line. */
  readonly header: string;
  readonly body: Uint8Array<ArrayBuffer>;
}

/** null: missing, damaged, or not ours alone. */
export async function readCacheFile(path: string): Promise<CacheFile | null> {
  const bytes = readOurs(path);
  if (bytes === null || bytes.length < digestBytes) return null;
  const rest = bytes.subarray(digestBytes);
  const digest = new TextDecoder().decode(bytes.subarray(0, digestBytes - 1));
  if (digest !== await sha256(rest)) return null;
  const end = rest.indexOf(0x0a);
  if (end < 0) return null;
  return { header: new TextDecoder().decode(rest.subarray(0, end)), body: rest.subarray(end + 1) };
}

/** Does nothing when the file cannot be written: the cache is full, or read-only by now. */
export async function writeCacheFile(path: string, { header, body }: CacheFile): Promise<void> {
  const line = new TextEncoder().encode(`${header}\n`);
  const bytes = new Uint8Array(digestBytes + line.length + body.length);
  bytes.set(line, digestBytes);
  bytes.set(body, digestBytes + line.length);
  const digest = await sha256(bytes.subarray(digestBytes));
  bytes.set(new TextEncoder().encode(`${digest}\n`));
  const fresh = `${path}.new-${crypto.randomUUID()}`;
  try {
    Deno.writeFileSync(fresh, bytes, { mode: 0o600, createNew: true });
    Deno.renameSync(fresh, path);
  } catch {
    // Full, or read-only by now.
    removeIfThere(fresh);
  }
}

/** The owner is asked of the open file, which nobody can swap. */
function readOurs(path: string): Uint8Array<ArrayBuffer> | null {
  try {
    using file = Deno.openSync(path);
    const info = file.statSync();
    if (!info.isFile || !isOurs(info) || info.size > fileBytesMax) return null;
    const bytes = new Uint8Array(info.size);
    let at = 0;
    while (at < bytes.length) {
      const count = file.readSync(bytes.subarray(at));
      if (count === null) return null;
      at += count;
    }
    return bytes;
  } catch {
    // Missing in most cases; otherwise the app is linked as if it were.
    return null;
  }
}
