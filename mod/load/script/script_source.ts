/** The text of a script: its language, and where it defines its hooks. Pure apart from reading. */
import { exitCodes, StartError, systemReason } from "../../base/errors.ts";

/** Throws `StartError` when the file cannot be read. */
export function readSource(path: string): string {
  try {
    return Deno.readTextFileSync(path);
  } catch (cause) {
    throw new StartError(`${path}: ${reasonOf(cause)}`, exitCodes.failed, { cause });
  }
}

function reasonOf(error: unknown): string {
  if (error instanceof Deno.errors.NotFound) return "no such file";
  if (error instanceof Deno.errors.PermissionDenied) return "no permission to read it";
  if (error instanceof Deno.errors.IsADirectory || /^Is a directory/.test(String(error))) {
    return "is a folder, not a script";
  }
  return systemReason(error);
}

/** Lines that are valid Lua and never valid JavaScript. */
const luaOnly = [
  /^\s*local\s+(?:function\s+)?[A-Za-z_]\w*/m,
  /^\s*--(?!>)/m,
  /\bfunction\s*[\w.:]*\s*\([^)]*\)\s*(?:--.*)?$[^{]*?^\s*(?:end|return|local|if)\b/m,
  /^\s*end\s*\)?\s*$/m,
  /\bthen\s*$/m,
];

/** True for Lua, by the file's name or its content. */
export function isLua(path: string, source: string): boolean {
  if (/\.lua$/i.test(path)) return true;
  if (/\.(js|mjs|ts|mts|tsx|jsx)$/i.test(path) && /[{};]/.test(source)) return false;
  return luaOnly.filter((pattern) => pattern.test(source)).length >= 2;
}

/** `s.js:3` for the line that defines `name`, `s.js` when there is none. */
export function placeOf(path: string, source: string, name: string): string {
  const definition = name === "default" ? /\bexport\s+default\b/ : new RegExp(
    `(?:\\bfunction\\s*\\*?\\s*|\\b(?:const|let|var)\\s+|\\bas\\s+|globalThis\\.|\\bwrk\\.` +
      `|^\\s*(?:async\\s+)?)${name}\\b`,
  );
  const index = source.split("\n").findIndex((line) => definition.test(line));
  return index < 0 ? path : `${path}:${index + 1}`;
}
