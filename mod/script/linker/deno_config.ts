/** The import map and the JSX settings of deno.json, beside the app or above it. */
import { exitCodes, StartError } from "../../base/errors.ts";
import { dirname } from "../../std/path.ts";
import { toFileUrl } from "../../base/file_url.ts";

interface ConfigText {
  readonly imports?: Readonly<Record<string, string>>;
  readonly scopes?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly importMap?: string;
  readonly compilerOptions?: Readonly<Record<string, unknown>>;
  readonly workspace?: readonly string[] | { readonly members?: readonly string[] };
  readonly name?: string;
  readonly exports?: string | Readonly<Record<string, string>>;
}

/** A name or a prefix of names, and what it stands for: a URL, or a bare name. */
export interface Mapping {
  readonly from: string;
  readonly to: string;
  /** URL prefix of the importing modules; "": all. */
  readonly scope: string;
}

/** What deno.json says of an app. */
export interface DenoConfig {
  /** In the order in which they are tried. */
  readonly mappings: readonly Mapping[];
  /** The nearest configuration's, as in tsconfig.json; null: none are given. */
  readonly compilerOptions: Readonly<Record<string, unknown>> | null;
  /** The files that were read. */
  readonly files: readonly string[];
}

const fileNames = ["deno.json", "deno.jsonc"] as const;

/** Reads the configuration of a module in `folder`. Throws `StartError` for a file that is no JSON. */
export function readDenoConfig(folder: string): DenoConfig {
  const mappings: Mapping[] = [];
  const files: string[] = [];
  let compilerOptions: DenoConfig["compilerOptions"] = null;
  for (let at = folder;; at = dirname(at)) {
    const path = fileNames.map((name) => `${at}/${name}`).find(isFile);
    if (path !== undefined) {
      const config = readJsonc(path) as ConfigText;
      // The nearest one, or the root of the workspace that it belongs to.
      if (files.length === 0 || config.workspace !== undefined) {
        files.push(path);
        compilerOptions ??= config.compilerOptions ?? null;
        mappings.push(...mappingsOf(path, config), ...membersOf(at, config));
      }
    }
    if (dirname(at) === at) break;
  }
  return { mappings: mappings.sort(bySpecificity), compilerOptions, files };
}

/** Scopes come before the rest, and longer names before shorter ones (import maps, 7.1). */
function bySpecificity(a: Mapping, b: Mapping): number {
  return b.scope.length - a.scope.length || b.from.length - a.from.length;
}

function mappingsOf(path: string, config: ConfigText): Mapping[] {
  let from = path;
  let map = config;
  if (config.importMap !== undefined && config.imports === undefined) {
    from = new URL(config.importMap, toFileUrl(path)).pathname;
    map = readJsonc(decodeURIComponent(from)) as ConfigText;
  }
  const base = toFileUrl(from);
  const read = (imports: Readonly<Record<string, string>>, scope: string) =>
    Object.entries(imports).flatMap(([name, target]) =>
      expand(name, target).map(([name, target]) => ({
        from: absolute(name, base),
        to: absolute(target, base),
        scope,
      }))
    );
  const scoped = Object.entries(map.scopes ?? {})
    .flatMap(([scope, imports]) => read(imports, new URL(scope, base).href));
  return [...read(map.imports ?? {}, ""), ...scoped];
}

/** A package's name stands for its sub-paths, too, as Deno has it for deno.json. */
function expand(name: string, target: string): [string, string][] {
  const isPackage = /^(npm|jsr):/.test(target) && !name.endsWith("/");
  return isPackage ? [[name, target], [`${name}/`, `${target}/`]] : [[name, target]];
}

function absolute(name: string, base: string): string {
  return /^\.{0,2}\//.test(name) ? new URL(name, base).href : name;
}

/** The members of a workspace by the names in their own deno.json. */
function membersOf(root: string, { workspace }: ConfigText): Mapping[] {
  const folders = Array.isArray(workspace)
    ? workspace as readonly string[]
    : (workspace as { members?: readonly string[] } | undefined)?.members ?? [];
  return folders.flatMap((folder) => matching(root, folder)).flatMap((folder) => {
    const path = fileNames.map((name) => `${folder}/${name}`).find(isFile);
    if (path === undefined) return [];
    const { name, exports } = readJsonc(path) as ConfigText;
    if (name === undefined || exports === undefined) return [];
    const entries = typeof exports === "string" ? [[".", exports]] : Object.entries(exports);
    return entries.map(([key, target]) => ({
      from: name + key.slice(1),
      to: new URL(target, toFileUrl(path)).href,
      scope: "",
    }));
  });
}

/** The folders that a member's path stands for; it may end in `/*`. */
function matching(root: string, member: string): string[] {
  const path = decodeURIComponent(new URL(member, `${toFileUrl(root)}/`).pathname);
  if (!path.endsWith("/*")) return [path.replace(/\/$/, "")];
  const parent = path.slice(0, -2);
  try {
    return Array.from(Deno.readDirSync(parent))
      .filter((entry) => entry.isDirectory).map((entry) => `${parent}/${entry.name}`);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}

/** JSON with comments and commas before a closing bracket. Throws `StartError`. */
function readJsonc(path: string): unknown {
  try {
    const text = Deno.readTextFileSync(path)
      .replace(/("(?:\\.|[^"\\])*")|\/\/.*|\/\*[^]*?\*\//g, "$1")
      .replace(/("(?:\\.|[^"\\])*")|,(?=\s*[}\]])/g, "$1");
    return JSON.parse(text);
  } catch (error) {
    const reason = (error as Error).message.split("\n")[0];
    throw new StartError(`${path}: ${reason}`, exitCodes.config, { cause: error });
  }
}

function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch (error) {
    const isAbsent = error instanceof Deno.errors.NotFound ||
      error instanceof Deno.errors.NotADirectory || error instanceof Deno.errors.PermissionDenied;
    if (isAbsent) return false;
    throw error;
  }
}
