/** Converts TypeScript and JSX to plain JavaScript. Imported only when an app needs it. */
import { transform } from "sucrase";
import { ContextualKeyword } from "sucrase/keywords";
import { parse } from "sucrase/parser";
import { TokenType } from "sucrase/token-types";

/** A module specifier in the code, without its quotes. */
export interface Specifier {
  readonly text: string;
  /** Offsets of the literal with its quotes. */
  readonly start: number;
  readonly end: number;
}

/** A module without types. Line numbers are unchanged. */
export interface StrippedModule {
  readonly code: string;
  /** From static imports, re-exports, and dynamic imports with a literal argument. */
  readonly specifiers: readonly Specifier[];
}

interface Token {
  readonly type: number;
  readonly start: number;
  readonly end: number;
  readonly contextualKeyword: number;
  /** 0 at the top level of the module. */
  readonly scopeDepth: number;
}

/** Whether a file of this name needs stripping before it can run. */
export function needsStripping(path: string): boolean {
  return /\.(ts|mts|tsx|jsx)$/.test(path);
}

/** Throws SyntaxError, with line and column in its message, for invalid TypeScript. */
export function stripTypes(source: string, path: string): StrippedModule {
  const isJsx = /x$/.test(path);
  try {
    const { code } = transform(source, {
      transforms: isJsx ? ["typescript", "jsx"] : ["typescript"],
      ...(isJsx ? jsxOptions(source) : {}),
      disableESTransforms: true,
      preserveDynamicImport: true,
      production: true,
    });
    return { code, specifiers: findSpecifiers(code) };
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const message = error.message.replace(/^Error transforming [^:]*: /, "").split("\n")[0];
    throw new SyntaxError(message, { cause: error });
  }
}

/** `@jsxImportSource NAME` in a comment chooses the JSX runtime, as in TypeScript. */
function jsxOptions(source: string): Record<string, string> {
  const pragma = /@jsxImportSource\s+(\S+)/.exec(source);
  return pragma === null
    ? { jsxRuntime: "classic" }
    : { jsxRuntime: "automatic", jsxImportSource: pragma[1] };
}

/**
 * Specifiers in plain JavaScript, found by tokens, so strings and comments are not mistaken for
 * them.
 */
export function findSpecifiers(code: string): Specifier[] {
  const { tokens } = parse(code, false, false, false) as { readonly tokens: readonly Token[] };
  const found: Specifier[] = [];
  for (let i = 1; i < tokens.length; i++) {
    const { type, start, end } = tokens[i];
    if (type !== TokenType.string || !namesModule(tokens, i)) continue;
    found.push({ text: unquote(code.slice(start, end)), start, end });
  }
  return found;
}

/** Those of `names` that plain JavaScript declares at its top level but does not export. */
export function findUnexported(code: string, names: readonly string[]): string[] {
  const { tokens } = parse(code, false, false, false) as { readonly tokens: readonly Token[] };
  const declared = new Set<string>(), exported = new Set<string>();
  tokens.forEach(({ start, end, type, scopeDepth }, at) => {
    const name = code.slice(start, end);
    if (scopeDepth !== 0 || type !== TokenType.name || !names.includes(name)) return;
    let before = at - 1;
    if (tokens[before]?.type === TokenType.star) before--;
    const kind = tokens[before]?.type;
    if (kind === TokenType._function) {
      // `async` comes between `export` and `function`.
      const first = tokens[before - 1]?.contextualKeyword === ContextualKeyword._async
        ? before - 2
        : before - 1;
      const lead = tokens[first]?.type;
      if (lead === undefined || lead !== TokenType._default) declared.add(name);
      if (lead === TokenType._export) exported.add(name);
    } else if (kind === TokenType._const || kind === TokenType._let || kind === TokenType._var) {
      declared.add(name);
      if (tokens[before - 1]?.type === TokenType._export) exported.add(name);
    } else if (isListed(tokens, at)) exported.add(name);
  });
  return names.filter((name) => declared.has(name) && !exported.has(name));
}

/** Whether the name is exported by an `export { ... }` list. */
function isListed(tokens: readonly Token[], at: number): boolean {
  if (tokens[at + 1]?.contextualKeyword === ContextualKeyword._as) return false;
  let first = at;
  while (first > 0 && tokens[first].type !== TokenType.braceL) first--;
  return tokens[first - 1]?.type === TokenType._export;
}

/** `import "x"`, `... from "x"` or `import("x"`. */
function namesModule(tokens: readonly Token[], i: number): boolean {
  const before = tokens[i - 1];
  if (before.type === TokenType._import) return true;
  if (before.contextualKeyword === ContextualKeyword._from) return true;
  return before.type === TokenType.parenL && tokens[i - 2]?.type === TokenType._import;
}

function unquote(literal: string): string {
  const inner = literal.slice(1, -1);
  if (!inner.includes("\\")) return inner;
  return inner.replace(/\\u\{?([0-9a-fA-F]+)\}?|\\x([0-9a-fA-F]{2})|\\(.)/g, (_, u, x, char) => {
    return u ?? x ? String.fromCodePoint(parseInt(u ?? x, 16)) : char;
  });
}
