/** Where reports go: stdout, stderr and files that are opened before the run begins. */
import { exitCodes, StartError, systemReason } from "../../base/errors.ts";
import { removeIfThere } from "../../process/files/if_there.ts";
import { dirname, join } from "../../std/path.ts";

const encoder = new TextEncoder();

/** A file, or stdout for `-`. */
export class Output {
  readonly path: string;
  /** Why writing failed; null: it has not. */
  failure: string | null = null;
  readonly #file: Deno.FsFile | null;
  /** Temporary path of the text until it is complete, and the file it replaces; null: written in place. */
  readonly #replacement: Replacement | null;
  #isOpen = true;

  private constructor(path: string, file: Deno.FsFile | null, replacement: Replacement | null) {
    this.path = path;
    this.#file = file;
    this.#replacement = replacement;
  }

  /**
   * Creates the file now, so that a wrong path fails before the run. Unless `streams`, the text is written
   * to a temporary file that replaces it when complete: a full disk keeps the older report intact.
   * Throws `StartError`.
   */
  static open(path: string, streams = false): Output {
    if (path === "-") return new Output(path, null, null);
    try {
      const replacement = streams ? null : besides(path);
      if (replacement !== null) {
        const file = Deno.openSync(replacement.temporary, {
          write: true,
          createNew: true,
          ...(replacement.mode === null ? {} : { mode: replacement.mode }),
        });
        // The mode given to open(2) is subject to the umask; an older report keeps its mode.
        if (replacement.mode !== null) Deno.chmodSync(replacement.temporary, replacement.mode);
        return new Output(path, file, replacement);
      }
      const file = Deno.openSync(path, { write: true, create: true, truncate: true });
      return new Output(path, file, null);
    } catch (cause) {
      throw new StartError(`${path}: ${reasonOf(cause as Error)}`, exitCodes.failed, { cause });
    }
  }

  /**
   * A disk that is full must cost a run neither its end nor its other reports: the first failure is
   * kept in `failure`, and nothing more is written.
   */
  write(text: string): void {
    if (this.#file === null) return writeStdout(text);
    if (this.failure !== null) return;
    try {
      writeAll(this.#file, text);
    } catch (error) {
      this.failure = `${this.path}: ${reasonOf(error as Error)}`;
    }
  }

  /** The text is complete: it takes the place of the file. A failure is kept in `failure`. */
  commit(): void {
    if (this.#replacement === null || this.failure !== null) return;
    const { temporary, target } = this.#replacement;
    try {
      // Some file systems report a full disk only here.
      this.#file!.syncDataSync();
      Deno.renameSync(temporary, target);
    } catch (error) {
      this.failure = `${this.path}: ${reasonOf(error as Error)}`;
      return;
    }
    this.#close();
  }

  /** What was not committed is thrown away. */
  close(): void {
    if (!this.#isOpen) return;
    this.#close();
    if (this.#replacement !== null) removeIfThere(this.#replacement.temporary);
  }

  #close(): void {
    this.#isOpen = false;
    this.#file?.close();
  }

  /** Writes all that there is to write, and closes. Throws `StartError` when that fails. */
  finish(text: string): void {
    this.write(text);
    this.commit();
    this.close();
    if (this.failure !== null) throw new StartError(this.failure, exitCodes.failed);
  }
}

interface Replacement {
  readonly temporary: string;
  /** The file itself where the path is a symbolic link: the link stays. */
  readonly target: string;
  /** Of the older report; null: there is none. */
  readonly mode: number | null;
}

let temporaryCount = 0;

/** How to write beside the file; null for pipes and devices, and where the folder takes no new file. */
function besides(path: string): Replacement | null {
  let mode: number | null = null;
  let target = path;
  try {
    const info = Deno.statSync(path);
    if (!info.isFile || (info.nlink ?? 1) > 1 || isOurOwn(info)) return null;
    mode = (info.mode ?? 0o644) & 0o7777;
    target = Deno.realPathSync(path);
    // A report that may not be written is not replaced either.
    Deno.openSync(target, { write: true }).close();
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    // A link that leads nowhere yet: opening it creates what it names.
    if (isLink(path)) return null;
  }
  const temporary = join(dirname(target), `.hayate-${Deno.pid}-${temporaryCount++}.tmp`);
  return canCreate(temporary, mode !== null) ? { temporary, target, mode } : null;
}

/** Whether the folder takes a new file. Throws unless the older report can be written in place. */
function canCreate(temporary: string, hasOlder: boolean): boolean {
  try {
    Deno.openSync(temporary, { write: true, createNew: true }).close();
    Deno.removeSync(temporary);
    return true;
  } catch (error) {
    if (hasOlder) return false;
    throw error;
  }
}

/** /dev/stdout and similar paths to a regular file: its opener continues to write to it. */
function isOurOwn({ dev, ino }: Deno.FileInfo): boolean {
  return [1, 2].some((descriptor) => {
    try {
      const info = Deno.statSync(`/proc/self/fd/${descriptor}`);
      return info.dev === dev && info.ino === ino;
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return false;
      throw error;
    }
  });
}

function isLink(path: string): boolean {
  try {
    return Deno.lstatSync(path).isSymlink;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** Only the system's part of Deno's message. */
function reasonOf(error: Error): string {
  if (error instanceof Deno.errors.NotFound) return "no such folder";
  if (error instanceof Deno.errors.PermissionDenied) return "no permission to write it";
  return systemReason(error);
}

export function writeStdout(text: string): void {
  writeAll(Deno.stdout, text);
}

export function writeStderr(text: string): void {
  writeAll(Deno.stderr, text);
}

function writeAll(to: { writeSync(bytes: Uint8Array): number }, text: string): void {
  const bytes = encoder.encode(text);
  for (let at = 0; at < bytes.length;) at += to.writeSync(bytes.subarray(at));
}
