/** Tells whether the files and folders that an app was linked from are still the same. */
import { list, nullable, record, text } from "../../base/shape.ts";
import { isMissing } from "../../process/files/path_access.ts";
import { stampOf } from "../../process/files/file_stamp.ts";
import { sha256 } from "../../base/sha256.ts";

/** A file or folder as it was. */
export interface Source {
  readonly path: string;
  /**
   * See `stampOf`: the same stamp, the same content. null: it had been changed so recently that a
   * second change, within the precision of file times, would not show.
   */
  readonly stamp: string | null;
  /** Of a file's bytes, or a folder's names; "" when it was missing. */
  readonly digest: string;
}

export const sourcesShape = list(
  record<Source>({ path: text, stamp: nullable(text), digest: text }),
);

/** Stamp of a file that is missing. */
const missing = "NotFound";

/** Times of files have a precision of some milliseconds, of some network file systems a second. */
const freshMs = 2000;

/** Reads files and remembers what was read. */
export class SourceRecorder {
  readonly #sources = new Map<string, Promise<Source>>();

  /** The file's text; null if it cannot be read. */
  readonly read = (path: string): string | null => {
    const stamp = settledStamp(path);
    const bytes = readOrNull(path);
    if (bytes === null) return null;
    this.#sources.set(path, sha256(bytes).then((digest) => ({ path, stamp, digest })));
    return new TextDecoder().decode(bytes);
  };

  /** Remembers files and folders that had a say by what they are, or by being absent. */
  note(paths: readonly string[]): void {
    for (const path of paths) {
      if (this.#sources.has(path)) continue;
      if (isMissing(path)) {
        this.#sources.set(path, Promise.resolve({ path, stamp: missing, digest: "" }));
        continue;
      }
      const stamp = settledStamp(path);
      this.#sources.set(path, digestOf(path).then((digest) => ({ path, stamp, digest })));
    }
  }

  async sources(): Promise<readonly Source[]> {
    return await Promise.all(this.#sources.values());
  }
}

/** Whether all are as they were. */
export async function areUnchanged(sources: readonly Source[]): Promise<boolean> {
  for (const { path, stamp, digest } of sources) {
    // Half of them are missing, and an exception for each would cost most of the time.
    if (stamp === missing ? isMissing(path) : stamp !== null && stampOf([path]) === stamp) continue;
    if (await digestOf(path) !== digest) return false;
  }
  return true;
}

function settledStamp(path: string): string | null {
  const stamp = stampOf([path]);
  try {
    const { ctime, mtime } = Deno.statSync(path);
    const changedMs = Math.max(ctime?.getTime() ?? Infinity, mtime?.getTime() ?? Infinity);
    return Date.now() - changedMs < freshMs ? null : stamp;
  } catch {
    // That it is missing needs no time.
    return stamp;
  }
}

async function digestOf(path: string): Promise<string> {
  const bytes = readOrNull(path) ?? namesOf(path);
  return bytes === null ? "" : await sha256(bytes);
}

function readOrNull(path: string): Uint8Array<ArrayBuffer> | null {
  try {
    return Deno.readFileSync(path);
  } catch {
    // Missing, a folder, or unreadable: the linker names who asks for it.
    return null;
  }
}

function namesOf(folder: string): Uint8Array<ArrayBuffer> | null {
  try {
    const names = Array.from(Deno.readDirSync(folder), ({ name }) => name).sort();
    return new TextEncoder().encode(names.join("\n"));
  } catch {
    return null;
  }
}
