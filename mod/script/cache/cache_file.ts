/**
 * One file of the cache: a checksum of all that follows, a line of JSON, and bytes. It is replaced by a
 * rename, and counts as missing unless every byte is as it was written. The checksum is for damaged
 * disks: only we can write here.
 */
import { crc32 } from "../../std/checksum.ts";
import { removeIfThere } from "../../process/files/if_there.ts";
import { isOurs } from "../../process/files/cache_folder.ts";

/** CRC-32 in hexadecimal, and a line end. */
const checksumBytes = 9;
/** More than linked apps have; a larger file is not read. */
const fileBytesMax = 256 << 20;

/** What a file holds. */
export interface CacheFile {
  /** One line. */
  readonly header: string;
  readonly body: Uint8Array<ArrayBuffer>;
}

/** null: missing, damaged, or not ours alone. */
export function readCacheFile(path: string): CacheFile | null {
  const bytes = readOurs(path);
  if (bytes === null || bytes.length < checksumBytes) return null;
  const rest = bytes.subarray(checksumBytes);
  const checksum = new TextDecoder().decode(bytes.subarray(0, checksumBytes));
  if (checksum !== checksumLine(rest)) return null;
  const end = rest.indexOf(0x0a);
  if (end < 0) return null;
  return { header: new TextDecoder().decode(rest.subarray(0, end)), body: rest.subarray(end + 1) };
}

/** Does nothing when the file cannot be written: the cache is full, or read-only by now. */
export function writeCacheFile(path: string, { header, body }: CacheFile): void {
  const line = new TextEncoder().encode(`${header}\n`);
  const bytes = new Uint8Array(checksumBytes + line.length + body.length);
  bytes.set(line, checksumBytes);
  bytes.set(body, checksumBytes + line.length);
  bytes.set(new TextEncoder().encode(checksumLine(bytes.subarray(checksumBytes))));
  const fresh = `${path}.new-${crypto.randomUUID()}`;
  try {
    Deno.writeFileSync(fresh, bytes, { mode: 0o600, createNew: true });
    Deno.renameSync(fresh, path);
  } catch {
    // Full, or read-only by now.
    removeIfThere(fresh);
  }
}

function checksumLine(rest: Uint8Array): string {
  return `${crc32(rest)}\n`;
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
