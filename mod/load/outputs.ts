/** Where reports go: stdout, stderr and files that are opened before the run begins. */
import { exitCodes, StartError, systemReason } from "../base/errors.ts";

const encoder = new TextEncoder();

/** A file, or stdout for `-`. */
export class Output {
  readonly path: string;
  /** What was wrong when it could not be written any further; null: nothing. */
  failure: string | null = null;
  readonly #file: Deno.FsFile | null;

  private constructor(path: string, file: Deno.FsFile | null) {
    this.path = path;
    this.#file = file;
  }

  /** Creates the file now, so that a wrong path costs no run. Throws `StartError`. */
  static open(path: string): Output {
    if (path === "-") return new Output(path, null);
    try {
      return new Output(path, Deno.openSync(path, { write: true, create: true, truncate: true }));
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

  close(): void {
    this.#file?.close();
  }

  /** Writes all that there is to write, and closes. Throws `StartError` when that fails. */
  finish(text: string): void {
    this.write(text);
    this.close();
    if (this.failure !== null) throw new StartError(this.failure, exitCodes.failed);
  }
}

/** Of Deno's message, only what the system said. */
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
