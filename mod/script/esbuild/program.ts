/** Where the attached esbuild is run from. */
import { StartError } from "../../base/errors.ts";
import { decompressZstd } from "../../std/decompressor.ts";
import { dirname } from "../../std/path.ts";
import { openProgramFile } from "../../sys/memory_file.ts";
import { isOurs, openCacheFolder } from "../../process/files/cache_folder.ts";
import { whyNotRunnable } from "../../process/files/path_access.ts";
import { removeIfThere } from "../../process/files/if_there.ts";
import { readAttached } from "./attachment.ts";
import { esbuildVersion } from "./version.ts";

/** Larger than esbuild, which has 11 MB. */
const programBytesMax = 16 << 20;

/** A program that can be started while it is open. */
export interface OpenProgram {
  readonly path: string;
  close(): void;
}

/**
 * Opens esbuild: from the user's cache, where it is kept because to unpack it costs half of a link; or
 * else from memory, or where memory cannot be run, from a temporary file. Throws `StartError`.
 */
export function openEsbuild(): OpenProgram {
  if (!Deno.build.standalone) {
    return { path: new URL("../../../dist/esbuild", import.meta.url).pathname, close() {} };
  }
  const folder = openCacheFolder("programs");
  // A home folder may be shared by machines of several kinds.
  const kept = folder === null ? null : `${folder}/esbuild-${esbuildVersion}-${Deno.build.arch}`;
  if (kept !== null && isOursToRun(kept)) return { path: kept, close() {} };
  const packed = readOwn();
  if (packed === null) throw new StartError(`${Deno.execPath()} was built without esbuild`);
  const program = decompressZstd(packed, programBytesMax);
  if (kept !== null && keep(kept, program)) return { path: kept, close() {} };
  return openProgramFile("esbuild", program) ?? openTemporaryFile(program);
}

/** False, too, in a folder that is mounted noexec. */
function isOursToRun(path: string): boolean {
  try {
    return isOurs(Deno.lstatSync(path)) && whyNotRunnable(path) === null;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** Complete or not there at all. False where it cannot be run from there. */
function keep(path: string, program: Uint8Array): boolean {
  const fresh = `${path}.new-${crypto.randomUUID()}`;
  try {
    Deno.writeFileSync(fresh, program, { mode: 0o700, createNew: true });
    // Not kept in vain.
    if (whyNotRunnable(fresh) === null) {
      Deno.renameSync(fresh, path);
      removeOthers(path);
      return true;
    }
  } catch (error) {
    // Full, or read-only by now: memory serves as well.
    if (!(error instanceof Error)) throw error;
  }
  removeIfThere(fresh);
  return false;
}

/** Those of other versions; one that runs goes on running. */
function removeOthers(path: string): void {
  const folder = dirname(path);
  for (const { name } of Deno.readDirSync(folder)) {
    const isOther = /^esbuild-[\d.]+-\w+$/.test(name) && `${folder}/${name}` !== path;
    if (isOther && name.endsWith(Deno.build.arch)) removeIfThere(`${folder}/${name}`);
  }
}

function readOwn(): Uint8Array | null {
  try {
    // The file that runs, even where another one has taken its place.
    return readAttached("/proc/self/exe");
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    return readAttached(Deno.execPath());
  }
}

function openTemporaryFile(program: Uint8Array): OpenProgram {
  try {
    const path = Deno.makeTempFileSync({ prefix: "hayate-esbuild-" });
    Deno.writeFileSync(path, program);
    Deno.chmodSync(path, 0o700);
    return { path, close: () => Deno.removeSync(path) };
  } catch (error) {
    const reason = (error as Error).message;
    throw new StartError(`cannot write to the temporary folder (TMPDIR): ${reason}`, 1, {
      cause: error,
    });
  }
}
