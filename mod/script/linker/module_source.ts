/** What esbuild gets for each file of an app, in place of the file itself. */
import { dirname } from "../../std/path.ts";
import { toFileUrl } from "../../base/file_url.ts";

/** Stands for `import.meta`: a linked module has the URL of the whole. */
export const metaName = "__hayate_meta";
/** Loads a CommonJS module by its path; declared in front of the linked code. */
export const requireName = "__hayate_require";
/** In front of the linked code: `require` for CommonJS modules. */
export function prologue(entry: string): string {
  return `import{createRequire as ${requireName}_of}from"node:module";` +
    `const ${requireName}=${requireName}_of(${JSON.stringify(toFileUrl(entry))});`;
}

/** True when linked code needs the `prologue`. */
export function needsRequire(code: string): boolean {
  return code.includes(requireName);
}

/** Namespace of the second half of a CommonJS module, see `cjsFacade`. */
export const cjsNamespace = "cjs";

/**
 * An ES module in place of the CommonJS module at `path`. As in Node its default export is
 * `module.exports`, whatever that says of itself, and its properties are the named exports.
 */
export function cjsFacade(path: string): string {
  const name = JSON.stringify(path);
  return `export * from ${JSON.stringify(`${cjsNamespace}:${path}`)};` +
    `export default ${requireName}(${name});`;
}

/** A module whose exports esbuild finds out when it runs. */
export function cjsExports(path: string): string {
  return `module.exports = ${requireName}(${JSON.stringify(path)});`;
}

/** The same where the CommonJS module itself is linked. */
export function linkedFacade(path: string): string {
  const name = JSON.stringify(`${cjsNamespace}:${path}`);
  return `export * from ${name};export default require(${name});`;
}

/** The text of a CommonJS module that is linked. `movedFrom`: see `LinkOptions`. */
export function cjsSource(path: string, text: string, movedFrom: string): string {
  let front = "";
  if (/\b__(?:file|dir)name\b/.test(text)) {
    front += `${metaOf(path, false, movedFrom)}` +
      `var __filename=${metaName}.filename,__dirname=${metaName}.dirname;`;
  }
  if (wantsNodeTimers(text)) front += `var {setTimeout,setInterval}=require("node:timers");`;
  const plain = text.replace(/^\uFEFF?(#!.*)?/, "");
  const [directive] = /^\s*["']use strict["'];?/.exec(plain) ?? [""];
  // It counts only in front.
  return directive === "" ? front + plain : `${directive};${front}${plain.slice(directive.length)}`;
}

/** The text of an ES module, with what it expects from its surroundings in front of line 1. */
export function esmSource(
  path: string,
  text: string,
  isEntry: boolean,
  movedFrom?: string,
): string {
  let front = "";
  if (text.includes("import.meta")) front += metaOf(path, isEntry, movedFrom);
  // TypeScript takes the one comment to mean the other.
  if (/@jsxImportSource\b/.test(text) && !/@jsxRuntime\b/.test(text)) front += automaticJsx;
  if (path.includes("/node_modules/") && wantsNodeTimers(text)) front += nodeTimers;
  const source = withNodeStreams(text);
  if (front === "") return source;
  // A #! is allowed only at the start.
  return front +
    source.replace(/^\uFEFF?(#!)?/, (_, hashBang) => hashBang === undefined ? "" : "//#!");
}

/** Namespace of modules that are named by a URL. */
export const remoteNamespace = "remote";

/** The text of a remote module: as `esmSource`. */
export function remoteSource(url: string, text: string): string {
  if (!text.includes("import.meta")) return text;
  const name = JSON.stringify(url);
  return `const ${metaName}={__proto__:null,url:${name},main:false,` +
    `resolve:(name)=>new URL(name,${name}).href};${text}`;
}

/** As Deno has it: the entry is the main module. */
function metaOf(path: string, isMain: boolean, movedFrom?: string): string {
  if (movedFrom !== undefined) {
    const place = path.startsWith(`${movedFrom}/`) ? path.slice(movedFrom.length + 1) : path;
    return `const ${metaName}=${metaName}_of(${JSON.stringify(place)},${isMain});`;
  }
  const url = JSON.stringify(toFileUrl(path));
  const members = [
    `url:${url}`,
    `filename:${JSON.stringify(path)}`,
    `dirname:${JSON.stringify(dirname(path))}`,
    `main:${isMain}`,
    `resolve:(name)=>/^(\\.{0,2}\\/|[a-z]+:)/.test(name)?new URL(name,${url}).href:` +
    `"file://"+${requireName}.resolve(name,{paths:[${JSON.stringify(dirname(path))}]})`,
  ];
  return `const ${metaName}={__proto__:null,${members.join(",")}};`;
}

/** Timers are objects with `unref` for packages, and numbers for the app, as in Deno. */
function wantsNodeTimers(text: string): boolean {
  if (!/\.(?:unref|hasRef)\b/.test(text) || !/\bset(?:Timeout|Interval)\(/.test(text)) return false;
  // It has them from somewhere already.
  return !/\b(?:import|function|const|let|var)\b[^;()=]*\bset(?:Timeout|Interval)\b/.test(text);
}

/**
 * React has a build of its own for Deno, which lacks the functions for Node's streams. Servers that
 * were built for Node, as React Router's are, get the one for Node.
 */
function withNodeStreams(text: string): string {
  if (!/\brenderToPipeableStream\b/.test(text)) return text;
  return text.replace(/(["'])react-dom\/server\1/g, "$1react-dom/server.node$1");
}

const automaticJsx = "/** @jsxRuntime automatic */";
const nodeTimers = `import{setTimeout,setInterval}from"node:timers";`;
