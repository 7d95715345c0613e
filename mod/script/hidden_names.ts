/** wrk's scripts declare their functions without exporting them. */
import { findUnexported, needsStripping, stripTypes } from "./strip_types.ts";

/** An `export` statement for top-level declarations of a module that are called one of `names`. */
export function exportHidden(source: string, path: string, names: readonly string[]): string {
  const text = source.replace(/^#!.*/, "");
  const code = needsStripping(path) ? stripTypes(text, path).code : text;
  const found = findUnexported(code, names);
  return found.length === 0 ? "" : `\nexport { ${found.join(", ")} };\n`;
}
