/**
 * `require` for files on disk, and `import()` in them.
 *
 * In a compiled program Deno's `require` reads sources only from the program itself. Everything else
 * of it works on disk, so only the readers of JavaScript and JSON are replaced, as tools for Node do.
 * Deno's `import()` there knows no packages; what a CommonJS module imports is linked when it asks.
 */
import { exitCodes, StartError } from "../base/errors.ts";
import { importerName, withImporter } from "./dynamic_import.ts";

interface CommonJsModule {
  exports: unknown;
  _compile(text: string, path: string): void;
}

type Reader = (module: CommonJsModule, path: string) => void;

/** Imports `name` as the module at `path` does. */
export type ImportFrom = (path: string, name: unknown) => Promise<unknown>;

let isInstalled = false;

/** Makes `require` read from disk, for all modules of this thread. */
export async function installCommonJs(importFrom: ImportFrom): Promise<void> {
  if (isInstalled || !Deno.build.standalone) return;
  isInstalled = true;
  Object.defineProperty(globalThis, importerName, { value: importFrom });
  const { Module } = await import("node:module") as unknown as {
    Module: { _extensions: Record<string, Reader> };
  };
  const readScript: Reader = (module, path) =>
    module._compile(withImporter(Deno.readTextFileSync(path)), path);
  Module._extensions[".js"] = readScript;
  Module._extensions[".cjs"] = readScript;
  Module._extensions[".json"] = (module, path) => {
    try {
      module.exports = JSON.parse(Deno.readTextFileSync(path).replace(/^\uFEFF/, ""));
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      throw new StartError(`${path}: ${error.message}`, exitCodes.config, { cause: error });
    }
  };
}
