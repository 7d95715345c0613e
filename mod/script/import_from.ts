/** `import()` of a CommonJS module, which only the linker can answer: it knows packages. */
import { StartError } from "../base/errors.ts";
import { toFileUrl } from "../base/file_url.ts";
import { dirname } from "../std/path.ts";
import { linkCached } from "./cache/linked_cache.ts";
import { importLinked } from "./linked_module.ts";
import { resolve } from "./linker/specifiers.ts";

/** One module each, as in Node, however often it is asked for. */
const modules = new Map<string, Promise<unknown>>();

/** See `ImportFrom`. Rejects as Node does where there is no such module. */
export async function importFrom(path: string, name: unknown): Promise<unknown> {
  const text = String(name);
  const target = resolve(text, toFileUrl(path), []);
  if (target?.kind === "builtin") return await import(target.name);
  if (text.startsWith("data:")) return await import(text);
  const isFile = /^(?:\.{0,2}\/|file:)/.test(text);
  const key = isFile ? new URL(text, toFileUrl(path)).href : `${dirname(path)}\0${text}`;
  const module = modules.get(key) ?? load(path, text);
  modules.set(key, module);
  return await module;
}

async function load(path: string, name: string): Promise<unknown> {
  const entryText = `export * as module from ${JSON.stringify(name)};`;
  try {
    const linked = await linkCached(path, path, { entryText }, entryText);
    return (await importLinked(linked, path))["module"];
  } catch (error) {
    if (!(error instanceof StartError)) throw error;
    // Packages look at the code when they can do without.
    const code = "ERR_MODULE_NOT_FOUND";
    throw Object.assign(new Error(error.message, { cause: error }), { code });
  }
}
