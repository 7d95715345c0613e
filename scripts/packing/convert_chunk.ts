/**
 * Makes a file of esbuild's bundle, an ES module, a function of the code pack (`mod/code`).
 *
 * It reads only what esbuild writes: imports of other chunks at the top, those of `node:` where their
 * modules begin, one `export {...}` at the end, and exports that no module changes once it has run. The
 * build compiles each result, so that another form would be found.
 */

const names = /(?:\s*([\w$]+)\s*,?)?\s*(?:\{([^}]*)\}|\*\s*as\s+([\w$]+))?(?:\s*from)?\s*/.source;
const importForm = new RegExp(`\\s*import${names}"([^"]+)";?`, "y");
const builtinForm = new RegExp(`(?<=[;}\\n])import${names}"(node:[^"]+)";`, "g");
const exportForm = /export\s*\{([^}]*)\};?$/;

/** Property `name` of the object literal of all chunks. `known`: the names of all chunks. */
export function convertChunk(name: string, text: string, known: ReadonlySet<string>): string {
  const { declarations, end } = takeImports(name, text);
  let head = declarations;
  const rest = text.slice(end).trimEnd();
  const exported = exportForm.exec(rest);
  const body = (exported === null ? rest : rest.slice(0, exported.index))
    .replace(builtinForm, (...found) => {
      head += declarationOf(name, found);
      return "";
    })
    .replace(/\bimport\("(\.[^"]+)"\)/g, (all, asked: string) => {
      const chunk = resolve(name, asked);
      return known.has(chunk) ? `__load(${JSON.stringify(chunk)})` : all;
    })
    .replace(/(\bnew URL\("[^"]*",\s*)import\.meta\.url\b/g, "$1__url");
  const exports = exported === null
    ? ""
    : `return{${pairs(exported[1], (own, seen) => `${seen}:${own}`)}}`;
  return `${JSON.stringify(name)}:function(__require,__load,__url){${head}${body}\n${exports}}`;
}

/** The imports at the top as declarations, and where they end in `text`. */
function takeImports(name: string, text: string): { declarations: string; end: number } {
  let declarations = "";
  let end = 0;
  for (;;) {
    importForm.lastIndex = end;
    const found = importForm.exec(text);
    if (found === null) return { declarations, end };
    end = importForm.lastIndex;
    declarations += declarationOf(name, found);
  }
}

/** `found`: the groups of `importForm` or `builtinForm`. */
function declarationOf(importer: string, found: readonly (string | undefined)[]): string {
  const [, fallback, list, space, specifier] = found;
  const from = `__require(${JSON.stringify(resolve(importer, specifier!))})`;
  if (space !== undefined) return `const ${space}=${from};`;
  if (list === undefined && fallback === undefined) return `${from};`;
  const named = pairs(list ?? "", (seen, own) => `${seen}:${own}`);
  return `const{${fallback === undefined ? "" : `default:${fallback},`}${named}}=${from};`;
}

/** `a as b,c` as properties: `write("a", "b")`, `write("c", "c")`. */
function pairs(list: string, write: (first: string, second: string) => string): string {
  return list.split(",").map((each) => each.trim()).filter((each) => each !== "").map((each) => {
    const [first, second = first] = each.split(/\s+as\s+/);
    return write(first, second);
  }).join(",");
}

function resolve(importer: string, specifier: string): string {
  if (!specifier.startsWith(".")) return specifier;
  return new URL(specifier, `file:///${importer}`).pathname.slice(1);
}
