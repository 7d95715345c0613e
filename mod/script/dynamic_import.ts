/**
 * `import()` in CommonJS modules.
 *
 * They are told from strings and comments by a scanner of tokens: a parser would cost each start of
 * an app with packages more than the modules themselves. Only a module that has the word at all is
 * scanned.
 */

/** A global function, see `ImportFrom`. */
export const importerName = "__hayate_import";

/** Not the definition of a method of that name. */
const call = /import\s*\((?![^()]*\)\s*\{)/y;
const mayCall = /\bimport\s*\(/;

const token = /\s+|\/\/.*|\/\*[^]*?\*\/|"(?:\\[^]|[^"\\\n])*"|'(?:\\[^]|[^'\\\n])*'|[\w$]+|[^]/y;
/** The text of a template up to its end, or to the code in it. */
const template = /(?:\\[^]|\$(?!\{)|[^\\`$])*(?:\$\{|`|$)/y;
const regularExpression = /\/(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\[\n])+\/\w*/y;
/** After these a `/` divides: the end of a value. Keywords end none. */
const valueEnd =
  /^(?:[)\]}"'`]|(?!(?:return|typeof|case|in|of|delete|void|throw|new|else|do)$)[\w$])/;

/** The text of a CommonJS module whose `import()` asks us. Lines stay where they are. */
export function withImporter(text: string): string {
  if (!mayCall.test(text)) return text;
  let all = "";
  let from = 0;
  for (const { at, end } of callsIn(text)) {
    all += `${text.slice(from, at)}${importerName}(__filename,`;
    from = end;
  }
  return all + text.slice(from);
}

/** Where `import(` begins and ends. */
function* callsIn(text: string): Generator<{ readonly at: number; readonly end: number }> {
  /** Of open braces: whether the one is a template's `${`. */
  const braces: boolean[] = [];
  let last = "";
  let at = 0;
  const take = (pattern: RegExp): string => {
    pattern.lastIndex = at;
    const found = pattern.exec(text)?.[0] ?? "";
    at += found.length;
    return found;
  };
  const skipTemplate = () => {
    if (take(template).endsWith("${")) braces.push(true);
  };
  while (at < text.length) {
    const start = at;
    if (text[at] === "/" && !/^\/[/*]/.test(text.slice(at, at + 2)) && !valueEnd.test(last)) {
      if (take(regularExpression) !== "") {
        last = ")";
        continue;
      }
    }
    const word = take(token);
    if (/^\s|^\/[/*]/.test(word)) continue;
    if (word === "{") braces.push(false);
    else if (word === "`" || (word === "}" && braces.pop() === true)) skipTemplate();
    else if (word === "import" && last !== ".") {
      at = start;
      if (take(call) === "") take(token);
      else yield { at: start, end: at };
    }
    last = word;
  }
}
