import { StartError, systemReason } from "../../base/errors.ts";
import { withReadable } from "../privileges/parent_files.ts";

/**
 * Calls `use` with a path at which a library finds the file; its root parent reads it for a process
 * that may not. Throws `StartError`: `PATH: cannot read the WHAT: REASON`.
 */
export function withFile<T>(path: string, what: string, use: (path: string) => T): T {
  try {
    return withReadable(path, use);
  } catch (error) {
    if (error instanceof StartError) throw error;
    const reason = error instanceof Deno.errors.NotFound ? "no such file" : systemReason(error);
    throw new StartError(`${path}: cannot read the ${what}: ${reason}`, 1, { cause: error });
  }
}

/** As `withFile`, but leaves it to `use` to find out that a file cannot be read. */
export function withFileIfThere(path: string, use: (path: string) => boolean): boolean {
  try {
    return withReadable(path, use);
  } catch (error) {
    if (error instanceof TypeError) throw error;
    // Missing or forbidden.
    return use(path);
  }
}
