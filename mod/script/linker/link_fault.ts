/** Says what is wrong with an app: where, and what to do. */
import type { Message } from "../esbuild/service.ts";
import { exitCodes, StartError } from "../../base/errors.ts";

/** A fault as esbuild describes it. Lines begin at 1, columns (bytes) at 0. */
interface Fault {
  readonly text: string;
  readonly location: {
    readonly file: string;
    readonly line: number;
    readonly column: number;
    readonly length: number;
    readonly lineText: string;
  } | null;
  readonly notes?: readonly { readonly text: string }[];
}

/** Further faults are counted. */
const shownMax = 5;
/** Longer lines, of minified code, are not shown. */
const lineCharsMax = 160;

/** Names that only an `import()` asks for, which may handle that they are missing. */
export function missingOnDemand(faults: unknown): string[] {
  return (faults as readonly Fault[]).flatMap(({ text, location }) => {
    const name = unresolved(text);
    const before = location?.lineText.slice(0, location.column) ?? "";
    return name !== null && /\b(?:import|require)\s*\(\s*$/.test(before) ? [name] : [];
  });
}

/** The error to show for the faults of a build of the app at `path`, in several lines. */
export function linkFailure(path: string, response: Message): StartError {
  const faults = (response["errors"] ?? []) as unknown as readonly Fault[];
  const lines = faults.slice(0, shownMax).flatMap((fault) => describe(path, fault));
  const more = faults.length - shownMax;
  if (more > 0) lines.push(`${path}: and ${more} more ${more === 1 ? "error" : "errors"}`);
  return new StartError(lines.join("\n"), exitCodes.config);
}

function describe(path: string, { text, location, notes }: Fault): string[] {
  const name = unresolved(text);
  const what = name === null ? withNote(text, notes) : describeMissing(name, notes);
  if (location === null) return [`${path}: ${what}`];
  const { line, column, lineText } = location;
  const file = location.file.replace(/^cjs:/, "");
  const prefix = new TextDecoder().decode(new TextEncoder().encode(lineText).subarray(0, column));
  const head = `${file}:${line}:${prefix.length + 1}: ${what}`;
  if (lineText.length > lineCharsMax) return [head];
  const margin = `${line} | `;
  const indent = prefix.replace(/[^\t]/g, " ");
  return [head, margin + lineText, " ".repeat(margin.length - 2) + `| ${indent}^`];
}

/** The name in esbuild's message when nothing was found for it. */
function unresolved(text: string): string | null {
  return /^Could not resolve "(.*)"$/.exec(text)?.[1] ?? null;
}

function withNote(text: string, notes: Fault["notes"]): string {
  const note = notes?.[0]?.text;
  return note === undefined ? text : `${text}: ${note}`;
}

function describeMissing(name: string, notes: Fault["notes"]): string {
  // A package without that entry, or a file of a package: esbuild knows more.
  const note = notes?.map(({ text }) => text).find((text) => /not exported|"exports"/.test(text));
  if (note !== undefined) return `cannot import "${name}": ${note}`;
  if (/^(\.{0,2}\/|file:)/.test(name)) return `cannot import "${name}": there is no such file`;
  if (/^[a-z]+:/.test(name)) return `cannot import "${name}": hayate has no such module`;
  return missingPackage(name, name);
}

/** For a package that is in no node_modules folder; `asked` is the import as it is written. */
export function missingPackage(asked: string, name: string): string {
  const [, owner] = /^((?:@[^/]+\/)?[^/]+)/.exec(name) ?? [];
  const jsr = /^@jsr\/([^_]+)__(.+)$/.exec(owner ?? "");
  const install = jsr === null
    ? `npm install ${owner}`
    : `deno add jsr:@${jsr[1]}/${jsr[2]}, with "nodeModulesDir": "auto"`;
  return `cannot import "${asked}": ${owner} is in no node_modules folder of this file's folder ` +
    `or above (${install})`;
}
