/** Turns an error of `import()` into one line that says what to do. */

import { ModuleSyntaxError } from "./module_syntax_error.ts";
import { withOriginalPaths } from "./script_path.ts";

/** The linker resolves literal names; with others Deno's own loader is asked, which knows no packages. */
const wayOut = "a name that is put together at run time is not looked up in node_modules; " +
  "write it as a literal";

/** Shape of the errors that Deno's loader throws. */
interface LoaderError {
  readonly message: string;
  readonly stack?: string;
  readonly code?: string;
}

/** One line saying why the script at `path` did not load. */
export function explainLoadFailure(path: string, error: unknown): string {
  if (!(error instanceof Error)) return `${path}: threw ${String(error)} while it was loaded`;
  const message = withOriginalPaths(error.message);
  const { code } = error as LoaderError;
  const specifier = unresolvedSpecifier(message);
  if (specifier !== null) {
    return `${path}: cannot import ${specifier}: ${wayOut}`;
  }
  const missing = /Module not found:? "?(file:\/\/[^\s"]+)/.exec(message);
  if (missing !== null) return `${path}: imports ${fromUrl(missing[1])}, which does not exist`;
  const first = message.split("\n")[0];
  if (error instanceof ModuleSyntaxError) return explainSyntax(error, first);
  if (error instanceof SyntaxError) return `${path}: ${spellUrls(first)}`;
  if (code === "ERR_MODULE_NOT_FOUND") return `${path}: ${spellUrls(first)}`;
  const frame = firstFrame((error as LoaderError).stack ?? "");
  const where = frame === null ? "" : ` (${frame})`;
  return `${path}: ${error.name} while it was loaded: ${first}${where}`;
}

/** `text.ts:1:14: Unexpected token`, with the path from the current folder where it is below. */
function explainSyntax({ path }: ModuleSyntaxError, message: string): string {
  const [, text, place] = /^(.*?)(?: \((\d+:\d+)\))?$/.exec(message) as RegExpExecArray;
  const folder = `${Deno.cwd()}/`;
  const name = path.startsWith(folder) ? path.slice(folder.length) : path;
  return place === undefined ? `${name}: ${text}` : `${name}:${place}: ${text}`;
}

/** The specifier in the loader's message when it is neither a file nor built in. */
function unresolvedSpecifier(message: string): string | null {
  const bare = /Import "([^"]+)" not a dependency/.exec(message) ??
    /Relative import path "([^"]+)" not prefixed/.exec(message);
  if (bare !== null) return `"${bare[1]}"`;
  const npm = /Could not find constraint '([^']+)'/.exec(message);
  if (npm !== null) return `"npm:${npm[1]}"`;
  const other = /Module not found:? "?((?:jsr|npm|https?):[^\s"]+)/.exec(message);
  return other === null ? null : `"${other[1]}"`;
}

/** `path:line:column` of the first stack frame in a file. */
function firstFrame(stack: string): string | null {
  // A path may have spaces.
  const match = /(file:\/\/[^\n]+?:\d+:\d+)/.exec(withOriginalPaths(stack));
  return match === null ? null : fromUrl(match[1]);
}

function spellUrls(text: string): string {
  return text.replace(/file:\/\/[^\s"]+/g, fromUrl);
}

/** The path of a file's URL; in a stack trace Deno has decoded it already. */
function fromUrl(url: string): string {
  const path = url.replace(/^file:\/\//, "");
  return /%[0-9A-Fa-f]{2}/.test(path) ? decodeURIComponent(path) : path;
}
