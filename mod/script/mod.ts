/** Loads a user's module from disk at run time; works in the compiled program too. */
import { exitCodes, StartError } from "../base/errors.ts";
import { explainLoadFailure } from "./explain.ts";
import { isPlainApp } from "./plain_app.ts";
import { toFileUrl } from "../base/file_url.ts";

export { withOriginalPaths } from "./script_path.ts";

/** What a module exports. */
export type ScriptModule = Readonly<Record<string, unknown>>;

const typed = /\.m?ts$/;

/** How a module is loaded. */
export interface LoadOptions {
  /** Top-level declarations with these names are exported even if the module does not export them. */
  readonly names?: readonly string[];
  /** Called with the module's text, compiled or not, before any of it runs. */
  readonly beforeImport?: (text: string) => Promise<void>;
}

/**
 * Imports the module at `path`: JavaScript unchanged, TypeScript with types stripped, and with the
 * linker what needs more. Throws StartError with lines that say what to do.
 */
export async function loadScript(path: string, options: LoadOptions = {}): Promise<ScriptModule> {
  const { names = [], beforeImport } = options;
  const real = realPath(path);
  if (!isPlainApp(real)) return await loadLinked(path, real, options);
  await beforeImport?.(Deno.readTextFileSync(real));
  try {
    if (!typed.test(real) && !await hidesNames(real, names)) return await import(toFileUrl(real));
  } catch (error) {
    if (!reachesTypeScript(error)) throw failure(path, error);
  }
  return await loadCopies(path, real, names);
}

/** Whether plain JavaScript declares one of `names` without exporting it. */
async function hidesNames(real: string, names: readonly string[]): Promise<boolean> {
  if (names.length === 0) return false;
  const source = Deno.readTextFileSync(real);
  const declaration = `(?:function\\s*\\*?|const|let|var)\\s+(?:${names.join("|")})\\b`;
  // Loading the parser is slow, and most scripts export what they declare.
  if (!new RegExp(`(?:^|[;}])\\s*(?:async\\s+)?${declaration}`, "m").test(source)) return false;
  const { findUnexported } = await import("./strip_types.ts");
  try {
    return findUnexported(source, names).length > 0;
  } catch (error) {
    // Not valid JavaScript: the import will report what is wrong, and where.
    if (error instanceof SyntaxError) return false;
    throw error;
  }
}

async function loadLinked(
  path: string,
  real: string,
  { names = [], beforeImport }: LoadOptions,
): Promise<ScriptModule> {
  const { importLinked, linkCached } = await import("./linked.ts");
  const epilogue = names.length === 0 ? null : (await import("./hidden_names.ts")).exportHidden;
  const linkOptions = epilogue === null ? {} : {
    epilogue: (source: string, file: string) => epilogue(source, file, names),
  };
  const linked = await linkCached(real, path, linkOptions, names.join());
  try {
    return await importLinked(linked, real, beforeImport);
  } catch (error) {
    throw failure(path, error);
  }
}

async function loadCopies(
  path: string,
  real: string,
  names: readonly string[],
): Promise<ScriptModule> {
  const { ScriptCopies } = await import("./script_copies.ts");
  const copies = new ScriptCopies();
  try {
    return await import(copies.copy(real, names));
  } catch (error) {
    throw failure(path, error);
  } finally {
    copies.remove();
  }
}

/** A JavaScript file that imports a TypeScript file fails to parse before any of it runs. */
function reachesTypeScript(error: unknown): boolean {
  return error instanceof SyntaxError && /file:\/\/\S+\.(ts|mts|tsx|jsx):\d/.test(error.message);
}

function failure(path: string, error: unknown): StartError {
  return new StartError(explainLoadFailure(path, error), exitCodes.config, { cause: error });
}

function realPath(path: string): string {
  try {
    const real = Deno.realPathSync(path);
    const file = Deno.openSync(real);
    const { isDirectory } = file.statSync();
    file.close();
    if (!isDirectory) return real;
    throw new StartError(`${path}: is a folder, not a script`, exitCodes.config);
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
