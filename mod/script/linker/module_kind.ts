/** Tells ES modules from CommonJS modules, as Node does. */
import { dirname } from "../../std/path.ts";

/** `esm`: linked with the app. `cjs`: loaded from disk by `require`, and native addons with it. */
export type ModuleKind = "esm" | "cjs";

/** A line that only an ES module can have; comments and strings rarely begin a line like it. */
const esmSyntax = new RegExp(
  [
    /(?:^|[;}])[ \t]*import\s*(?:[\w$*{]|["'])/,
    /(?:^|[;}])[ \t]*export\s*(?:[*{]|(?:default|const|let|var|function|class|async)\b)/,
    /\bimport\.meta\b/,
  ].map(({ source }) => source).join("|"),
  "m",
);

/** The field `type` of each folder's package.json; null: the folder has none. */
type Types = Map<string, string | null>;

export class ModuleKinds {
  readonly #types: Types = new Map();

  /**
   * The kind of the module at `path` with this text. By its extension, then by `type` of the
   * package.json that is next to it or above, then by its syntax.
   */
  kindOf(path: string, text: string): ModuleKind {
    if (/\.(cjs|node)$/.test(path)) return "cjs";
    if (!path.endsWith(".js")) return "esm";
    const type = this.#typeOf(dirname(path));
    if (type === "module") return "esm";
    return type !== "commonjs" && esmSyntax.test(text) ? "esm" : "cjs";
  }

  /** The package.json files that were read. */
  get packages(): string[] {
    return [...this.#types.keys()].map((folder) => `${folder}/package.json`);
  }

  #typeOf(folder: string): string {
    let type = this.#types.get(folder);
    if (type === undefined) {
      type = readType(`${folder}/package.json`);
      this.#types.set(folder, type);
    }
    if (type !== null) return type;
    const above = dirname(folder);
    const isTop = above === folder || folder.endsWith("/node_modules");
    return isTop ? "" : this.#typeOf(above);
  }
}

/** "" for a package without the field; null without a package.json. */
function readType(path: string): string | null {
  try {
    return String((JSON.parse(Deno.readTextFileSync(path)) as { type?: string }).type ?? "");
  } catch (error) {
    // An invalid one is reported where a name is resolved by it.
    return error instanceof SyntaxError ? "" : null;
  }
}
