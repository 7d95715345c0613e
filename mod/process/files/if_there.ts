/** Files that may be missing. */
import { StartError } from "../../base/errors.ts";

/** The file's text, or null when it does not exist. Throws `StartError` when it cannot be read. */
export function readIfThere(path: string): string | null {
  try {
    return Deno.readTextFileSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw new StartError(`cannot read ${path}: ${(error as Error).message}`, 1, { cause: error });
  }
}

/** Unlinks the file; a missing one is no error. */
export function removeIfThere(path: string): void {
  try {
    Deno.removeSync(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}
