/**
 * Puts the included files of an app on disk, where every function that reads files finds them: once,
 * into a folder that is ours alone and named after the content.
 */
import { StartError, systemReason } from "../../base/errors.ts";
import { sha256 } from "../../base/sha256.ts";
import { getVariable } from "../../process/environment.ts";
import { dirname } from "../../std/path.ts";
import { isOurs, openCacheFolder } from "../../process/files/cache_folder.ts";
import { ownFile, readAt } from "../../code/executable_file.ts";
import type { BuiltFile } from "./content.ts";
import { type AppSection, damaged } from "./section.ts";

/** The folder with the files. Rejects with `StartError`. */
export async function unpack(section: AppSection, files: readonly BuiltFile[]): Promise<string> {
  const parent = openFolder();
  const folder = `${parent}/${section.digest.toHex()}`;
  if (isThere(folder)) return folder;
  const fresh = `${folder}.new-${crypto.randomUUID()}`;
  try {
    await writeAll(fresh, section, files);
    Deno.renameSync(fresh, folder);
  } catch (error) {
    removeIfThere(fresh);
    // Another process of the app was faster.
    if (isThere(folder)) return folder;
    if (error instanceof StartError) throw error;
    throw new StartError(`cannot unpack the app's files to ${parent}: ${systemReason(error)}`, 1, {
      cause: error,
    });
  }
  return folder;
}

/** In the user's cache, or else in the temporary folder. */
function openFolder(): string {
  const cache = openCacheFolder("built");
  if (cache !== null) return cache;
  const path = `${getVariable("TMPDIR") || "/tmp"}/hayate-built-${Deno.uid()}`;
  let reason = "it is not ours alone";
  try {
    Deno.mkdirSync(path, { recursive: true, mode: 0o700 });
    if (isOurs(Deno.lstatSync(path))) return path;
  } catch (error) {
    reason = systemReason(error);
  }
  throw new StartError(
    `cannot unpack the app's files to ${path}: ${reason}; set XDG_CACHE_HOME to a folder for them`,
  );
}

async function writeAll(
  folder: string,
  section: AppSection,
  files: readonly BuiltFile[],
): Promise<void> {
  Deno.mkdirSync(folder, { mode: 0o700 });
  using program = Deno.openSync(ownFile());
  let at = section.filesStart;
  for (const { path, bytes, digest, isExecutable } of files) {
    const content = readAt(program, at, bytes);
    if (await sha256(content) !== digest) throw damaged();
    Deno.mkdirSync(dirname(`${folder}/${path}`), { recursive: true, mode: 0o700 });
    Deno.writeFileSync(`${folder}/${path}`, content, { mode: isExecutable ? 0o700 : 0o600 });
    at += bytes;
  }
}

function isThere(path: string): boolean {
  try {
    return isOurs(Deno.lstatSync(path));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

function removeIfThere(path: string): void {
  try {
    Deno.removeSync(path, { recursive: true });
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}
