/** Where reports go: stdout, stderr and files that are opened before the run begins. */
import { exitCodes, StartError } from "../base/errors.ts";

const encoder = new TextEncoder();

/** A file, or stdout for `-`. */
export class Output {
  readonly path: string;
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
      const reason = cause instanceof Deno.errors.NotFound
        ? "no such folder"
        : cause instanceof Deno.errors.PermissionDenied
        ? "no permission to write it"
        : (cause as Error).message;
      throw new StartError(`${path}: ${reason}`, exitCodes.failed, { cause });
    }
  }

  write(text: string): void {
    writeAll(this.#file ?? Deno.stdout, text);
  }

  close(): void {
    this.#file?.close();
  }
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
