/**
 * Copies of a TypeScript app with the types stripped.
 *
 * The compiled program can import JavaScript from disk, but not TypeScript. So each TypeScript file
 * that the entry imports is stripped into a memory file (or into a temporary directory if memory
 * files are not available), with imports rewritten to absolute URLs. A preset `import.meta` shows
 * the app its real paths; `withOriginalPaths` does so for our log.
 */
import { basename, dirname } from "../std/path.ts";
import { type MemoryFile, openMemoryFile } from "../sys/memory_file.ts";
import { toFileUrl } from "../base/file_url.ts";
import { isFile } from "./local_graph.ts";
import { ModuleSyntaxError } from "./module_syntax_error.ts";
import { rememberCopy } from "./script_path.ts";
import {
  findSpecifiers,
  findUnexported,
  needsStripping,
  type Specifier,
  type StrippedModule,
  stripTypes,
} from "./strip_types.ts";

/** Makes module URLs unique: descriptor numbers are reused, and modules are cached by URL. */
let serial = 0;

/** The place of one module's copy. */
interface Copy {
  readonly path: string;
  readonly url: string;
  readonly file: MemoryFile | null;
}

/** Copies of modules. Call `remove` once the entry has been imported. */
export class ScriptCopies {
  /** null while all copies are in memory. */
  #folder: string | null = null;
  /** By real path. */
  readonly #copies = new Map<string, Copy>();
  readonly #waiting: string[] = [];

  /**
   * Copies `entry` (a real path) and what it imports; returns the URL to import. Top-level
   * declarations of `entry` called one of `names` are exported even if it does not export them.
   */
  copy(entry: string, names: readonly string[]): string {
    const url = this.#urlOf(entry);
    for (let path = this.#waiting.pop(); path !== undefined; path = this.#waiting.pop()) {
      let code = this.#convert(path);
      const unexported = path === entry ? findUnexported(code, names) : [];
      if (unexported.length > 0) code += `\nexport { ${unexported.join(", ")} };\n`;
      Deno.writeTextFileSync((this.#copies.get(path) as Copy).path, code);
    }
    return url;
  }

  remove(): void {
    for (const { file } of this.#copies.values()) file?.close();
    if (this.#folder !== null) Deno.removeSync(this.#folder, { recursive: true });
  }

  #urlOf(path: string): string {
    let copy = this.#copies.get(path);
    if (copy === undefined) {
      copy = this.#makeCopy(path);
      this.#copies.set(path, copy);
      rememberCopy(copy.url, path);
      this.#waiting.push(path);
    }
    return copy.url;
  }

  #makeCopy(path: string): Copy {
    const name = basename(path).replace(/[^\w.-]/g, "_");
    const file = openMemoryFile(name);
    // Deno treats a file without an extension as JavaScript.
    if (file !== null) return { file, path: file.path, url: `file://${file.path}?${serial++}` };
    this.#folder ??= Deno.makeTempDirSync({ prefix: "hayate-app-" });
    const copy = `${this.#folder}/${this.#copies.size}-${name}.mjs`;
    return { file, path: copy, url: toFileUrl(copy) };
  }

  #convert(path: string): string {
    const stripped = strip(path);
    let code = "";
    let at = 0;
    for (const specifier of stripped.specifiers) {
      code += stripped.code.slice(at, specifier.start);
      code += JSON.stringify(this.#resolve(specifier, path));
      at = specifier.end;
    }
    code += stripped.code.slice(at);
    const folder = dirname(path);
    const meta = `Object.assign(import.meta,${
      JSON.stringify({ url: toFileUrl(path), filename: path, dirname: folder })
    });`;
    return meta + code;
  }

  /** Makes relative imports absolute, and copies modules that are, or may import, TypeScript. */
  #resolve(specifier: Specifier, importer: string): string {
    const { text } = specifier;
    if (!/^(\.{0,2}\/|file:)/.test(text)) return text;
    const url = new URL(text, toFileUrl(importer));
    const path = decodeURIComponent(url.pathname);
    if (!/\.(ts|mts|tsx|jsx|js|mjs)$/.test(path) || !isFile(path)) return url.href;
    return this.#urlOf(path);
  }
}

/** Throws ModuleSyntaxError. */
function strip(path: string): StrippedModule {
  const source = Deno.readTextFileSync(path).replace(/^#!.*/, "");
  try {
    if (needsStripping(path)) return stripTypes(source, path);
    return { code: source, specifiers: findSpecifiers(source) };
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new ModuleSyntaxError(path, error.message, { cause: error });
  }
}
