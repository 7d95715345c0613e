/** Loads a user's module from the disk at run time, from the compiled program too. */
import { exitCodes, StartError } from "../base/errors.ts";
import { explainLoadFailure } from "./explain.ts";
import { toFileUrl } from "./script_path.ts";

export { withOriginalPaths } from "./script_path.ts";

/** What a module exports. */
export type ScriptModule = Readonly<Record<string, unknown>>;

const typed = /\.(ts|mts|tsx|jsx)$/;

/**
 * Imports the module at `path`: .js and .mjs as they are, .ts, .mts, .tsx and .jsx with their types
 * stripped. Throws StartError with one line that names the way out.
 */
export async function loadScript(path: string): Promise<ScriptModule> {
  const real = realPath(path);
  try {
    if (!typed.test(real)) return await import(toFileUrl(real));
  } catch (error) {
    if (!reachesTypeScript(error)) throw failure(path, error);
  }
  return await loadCopies(path, real);
}

async function loadCopies(path: string, real: string): Promise<ScriptModule> {
  const { ScriptCopies } = await import("./script_copies.ts");
  const copies = new ScriptCopies();
  try {
    return await import(copies.copy(real));
  } catch (error) {
    throw failure(path, error);
  } finally {
    copies.remove();
  }
}

/** A JavaScript file that imports a TypeScript one fails to parse before any of it has run. */
function reachesTypeScript(error: unknown): boolean {
  return error instanceof SyntaxError && /file:\/\/\S+\.(ts|mts|tsx|jsx):\d/.test(error.message);
}

function failure(path: string, error: unknown): StartError {
  return new StartError(explainLoadFailure(path, error), exitCodes.config, { cause: error });
}

function realPath(path: string): string {
  try {
    return Deno.realPathSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) {
      throw new StartError(`${path}: no such file`, exitCodes.config, { cause: error });
    }
    if (error instanceof Deno.errors.PermissionDenied) {
      throw new StartError(`${path}: no permission to read it`, exitCodes.config, { cause: error });
    }
    throw error;
  }
}
