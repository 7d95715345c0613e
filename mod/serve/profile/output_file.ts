/** Where a profile is written: opened first, so that a wrong name costs no profile. */
import { StartError, systemReason } from "../../base/errors.ts";

export class OutputFile implements Disposable {
  #isWritten = false;

  private constructor(readonly path: string, readonly file: Deno.FsFile, readonly isNew: boolean) {}

  /** Throws `StartError`. */
  static open(path: string): OutputFile {
    try {
      return OutputFile.#open(path, true);
    } catch (error) {
      if (!(error instanceof Deno.errors.AlreadyExists)) throw faultOf(path, error);
    }
    try {
      return OutputFile.#open(path, false);
    } catch (error) {
      throw faultOf(path, error);
    }
  }

  static #open(path: string, createNew: boolean): OutputFile {
    return new OutputFile(path, Deno.openSync(path, { write: true, createNew }), createNew);
  }

  /** In place of what the file holds. Throws `StartError`. */
  write(text: string): void {
    const bytes = new TextEncoder().encode(text);
    try {
      // A device or a pipe has no length.
      if (this.file.statSync().isFile) this.file.truncateSync();
      for (let at = 0; at < bytes.length;) at += this.file.writeSync(bytes.subarray(at));
    } catch (error) {
      throw faultOf(this.path, error);
    }
    this.#isWritten = true;
  }

  /** Closes it; a new file without a profile is removed. */
  [Symbol.dispose](): void {
    this.file.close();
    if (!this.isNew || this.#isWritten) return;
    try {
      Deno.removeSync(this.path);
    } catch (error) {
      // Root has made it in a folder of its own and is another user by now: it stays, empty.
      if (!(error instanceof Deno.errors.PermissionDenied)) throw error;
    }
  }
}

function faultOf(path: string, error: unknown): StartError {
  return new StartError(`${path}: ${systemReason(error)}`, 1, { cause: error });
}
