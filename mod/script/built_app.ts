/** Loads the app in this program. */
import { exitCodes, StartError } from "../base/errors.ts";
import { toFileUrl } from "../base/file_url.ts";
import { dirname } from "../std/path.ts";
import { decodeContent } from "./built/content.ts";
import { ownFile } from "../code/executable_file.ts";
import { type AppSection, readContent } from "./built/section.ts";
import { explainLoadFailure } from "./explain.ts";
import { importCode } from "./linked_module.ts";
import { metaName } from "./linker/module_source.ts";
import type { ScriptModule } from "./mod.ts";

/** Imports it. `beforeImport`: see `LoadOptions`. Rejects with `StartError`. */
export async function loadBuilt(
  section: AppSection,
  beforeImport: (text: string, path: string) => Promise<void>,
): Promise<ScriptModule> {
  const app = decodeContent(await readContent(ownFile(), section));
  const { entry, files, map } = app;
  const folder = files.length === 0
    // Where files are that were copied along with it.
    ? dirname(Deno.execPath())
    : await (await import("./built/unpack.ts")).unpack(section, files);
  const path = `${folder}/${entry}`;
  const code = new TextDecoder().decode(app.code);
  await beforeImport(code, path);
  try {
    return await importCode(`${prologue(code, folder, path)}${code}`, map);
  } catch (error) {
    const text = explainLoadFailure(entry, error);
    throw new StartError(text, exitCodes.config, { cause: error });
  }
}

/** What linked code without its files expects: see `movedFrom` of the linker. */
function prologue(code: string, folder: string, path: string): string {
  // esbuild's own name for it, where CommonJS modules ask for modules of the runtime.
  const asksRuntime = code.includes("__require");
  const require = asksRuntime
    ? `import{createRequire as ${metaName}_require}from"node:module";` +
      `const require=${metaName}_require(${JSON.stringify(toFileUrl(path))});`
    : "";
  const base = JSON.stringify(`${folder}/`);
  return `${require}const ${metaName}_of=(path,main)=>{` +
    `const filename=(path[0]==="/"?"":${base})+path,` +
    `url="file://"+filename.split("/").map(encodeURIComponent).join("/");` +
    `return{__proto__:null,url,filename,dirname:filename.slice(0,filename.lastIndexOf("/")),main,` +
    `resolve:(name)=>new URL(name,url).href}};`;
}
