/**
 * Tells apps that need no linker: JavaScript and TypeScript that imports only files by their exact
 * relative names, and modules of the runtime. They start without it, as they are.
 *
 * It reads by regular expressions, which costs less than any parser; what it takes for more than it
 * is, is linked, and runs all the same.
 */
import { dirname } from "../std/path.ts";

/** More modules than an app without packages has; with more it is linked. */
const modulesMax = 200;

const specifiers = /\b(?:from|import|require)\s*\(?\s*(["'])([^"'\n]+)\1/g;

/** TypeScript that stripping types cannot turn into JavaScript. */
const needsCompiler = new RegExp(
  [
    /\b(?:namespace|module)\s+[\w$.]+\s*\{/,
    // A decorator: an @ on a line without a comment or a string before it.
    /^[^/*"'`\n]*@[\w$(]/,
    /\b(?:using|accessor)\s+[\w$#]/,
    /\bimport\s+(?:type\s+)?[\w$]+\s*=/,
    /\bexport\s*=/,
  ].map(({ source }) => source).join("|"),
  "m",
);

/** `import.meta.main` is Deno's to set, except in linked code. */
const commonJs = /\b(?:module\.exports|exports\.[\w$]+\s*=|require\s*\()/;

/** Whether the app with this entry, a real path, needs no linker. */
export function isPlainApp(entry: string): boolean {
  const found = new Set<string>([entry]);
  // Grows while it is gone through.
  for (const path of found) {
    if (found.size > modulesMax || !addImports(path, found)) return false;
  }
  return true;
}

/** False when the module at `path` needs the linker. */
function addImports(path: string, found: Set<string>): boolean {
  const isTyped = /\.m?ts$/.test(path);
  if (!isTyped && !/\.m?js$/.test(path)) return false;
  const text = readOrNull(path);
  if (
    text === null || commonJs.test(text) || text.includes("import.meta.main") ||
    (isTyped && needsCompiler.test(text))
  ) return false;
  for (const [, , name] of text.matchAll(specifiers)) {
    if (/^(?:node|data):/.test(name)) continue;
    if (!/^\.{1,2}\//.test(name)) return false;
    const target = new URL(name, `file://${dirname(path)}/`).pathname;
    const next = `${decodeURIComponent(target)}`;
    found.add(next);
  }
  return true;
}

function readOrNull(path: string): string | null {
  try {
    return Deno.readTextFileSync(path);
  } catch {
    // The linker, or the import, says why.
    return null;
  }
}
