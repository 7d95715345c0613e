/** Imports an app that has been linked. */
import { type MemoryFile, openMemoryFile } from "../sys/memory_file.ts";
import { installCommonJs } from "./common_js.ts";
import type { LinkedApp } from "./linker/link.ts";
import { needsRequire, prologue } from "./linker/module_source.ts";
import { toFileUrl } from "../base/file_url.ts";

/** Makes module URLs unique: descriptor numbers are reused, and modules are cached by URL. */
let serial = 0;

/**
 * The module of `app`, whose entry is `entry`. `beforeImport` gets its text. Rejects with what the
 * app throws.
 */
export async function importLinked(
  { code, map }: LinkedApp,
  entry: string,
  beforeImport?: (text: string) => Promise<void>,
): Promise<Readonly<Record<string, unknown>>> {
  const text = new TextDecoder().decode(code);
  await beforeImport?.(text);
  let front = "";
  if (needsRequire(text)) {
    await installCommonJs(async (path, name) =>
      await (await import("./import_from.ts")).importFrom(path, name)
    );
    // On the first line, which esbuild leaves to a comment: the lines of the map stay right.
    front = prologue(entry);
  }
  return await importCode(front + text, map);
}

/** The module with this text and source map. Rejects with what it throws. */
export async function importCode(
  code: string,
  map: Uint8Array<ArrayBuffer>,
): Promise<Readonly<Record<string, unknown>>> {
  const mapFile = openMemoryFile("app.map");
  if (mapFile !== null) Deno.writeFileSync(mapFile.path, map);
  const mapUrl = mapFile === null
    ? `data:application/json;base64,${map.toBase64()}`
    // It stays open, because a trace may be wanted at any time.
    : `file://${mapFile.path}`;
  const module = place(`${code}\n//# sourceMappingURL=${mapUrl}\n`);
  try {
    return await import(module.url);
  } finally {
    module.remove();
  }
}

interface Placed {
  readonly url: string;
  remove(): void;
}

/** In memory, or else in a temporary folder. */
function place(code: string): Placed {
  const file: MemoryFile | null = openMemoryFile("app");
  if (file !== null) {
    Deno.writeTextFileSync(file.path, code);
    // Deno treats a file without an extension as JavaScript.
    return { url: `file://${file.path}?app=${serial++}`, remove: () => file.close() };
  }
  const folder = Deno.makeTempDirSync({ prefix: "hayate-app-" });
  const path = `${folder}/app.mjs`;
  Deno.writeTextFileSync(path, code);
  return { url: toFileUrl(path), remove: () => Deno.removeSync(folder, { recursive: true }) };
}
