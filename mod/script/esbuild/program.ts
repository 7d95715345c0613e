/** Where the attached esbuild is run from. */
import { atExit } from "../../base/at_exit.ts";
import { StartError } from "../../base/errors.ts";
import { decompressZstd } from "../../std/decompressor.ts";
import { dirname } from "../../std/path.ts";
import { type MemoryFile, openProgramFile } from "../../sys/memory_file.ts";
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
  /** To be called once it has ended: it may be kept for another time. */
  onEnd(): void;
}

/**
 * Opens esbuild: from the user's cache, where it is kept because to unpack it costs as much as a link;
 * or else from memory, or where memory cannot be run, from a temporary file. Throws `StartError`.
 */
export function openEsbuild(): OpenProgram {
  if (!Deno.build.standalone) {
    return programAt(new URL("../../../dist/esbuild", import.meta.url).pathname);
  }
  const folder = openCacheFolder("programs");
  // A home folder may be shared by machines of several kinds.
  const kept = folder === null ? null : `${folder}/esbuild-${esbuildVersion}-${Deno.build.arch}`;
  if (kept !== null && isOursToRun(kept)) return programAt(kept);
  const packed = readOwn();
  if (packed === null) throw new StartError(`${Deno.execPath()} was built without esbuild`);
  const program = decompressZstd(packed, programBytesMax);
  const memory = openProgramFile("esbuild", program);
  if (memory !== null) return kept === null ? inMemory(memory) : keepLater(kept, memory);
  return kept !== null && keep(kept, program) ? programAt(kept) : openTemporaryFile(program);
}

function programAt(path: string): OpenProgram {
  return { path, close() {}, onEnd() {} };
}

function inMemory(memory: MemoryFile): OpenProgram {
  return { path: memory.path, close: () => memory.close(), onEnd() {} };
}

/** Runs from memory now, and is copied when it has ended, while the app starts. */
function keepLater(path: string, memory: MemoryFile): OpenProgram {
  return { path: memory.path, close() {}, onEnd: () => copy(path, memory) };
}

/** An exit waits for the copy. */
function copy(path: string, memory: MemoryFile): void {
  const fresh = freshName(path);
  const copied = Deno.copyFile(memory.path, fresh).then(
    () => keepFresh(fresh, path),
    // Full, or read-only by now: memory serves as well.
    () => removeIfThere(fresh),
  ).finally(() => {
    memory.close();
    done();
  });
  const done = atExit(async () => void await copied);
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
  const fresh = freshName(path);
  try {
    Deno.writeFileSync(fresh, program, { createNew: true });
  } catch (error) {
    // Full, or read-only by now: a temporary file serves as well.
    if (!(error instanceof Error)) throw error;
    removeIfThere(fresh);
    return false;
  }
  return keepFresh(fresh, path);
}

function freshName(path: string): string {
  return `${path}.new-${crypto.randomUUID()}`;
}

/** Gives the program, which is complete, its name, unless it cannot be run from there. */
function keepFresh(fresh: string, path: string): boolean {
  try {
    Deno.chmodSync(fresh, 0o700);
    // Not kept in vain.
    if (whyNotRunnable(fresh) === null) {
      Deno.renameSync(fresh, path);
      removeOthers(path);
      return true;
    }
  } catch (error) {
    // The folder is read-only by now.
    if (!(error instanceof Error)) throw error;
  }
  removeIfThere(fresh);
  return false;
}

/** Those of other versions, and incomplete copies. A running program is not affected. */
function removeOthers(path: string): void {
  const folder = dirname(path);
  for (const { name } of Deno.readDirSync(folder)) {
    const [, arch] = /^esbuild-[\d.]+-(\w+)(?:\.new-.*)?$/.exec(name) ?? [];
    if (arch === Deno.build.arch && `${folder}/${name}` !== path) {
      removeIfThere(`${folder}/${name}`);
    }
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
    return { path, close: () => Deno.removeSync(path), onEnd() {} };
  } catch (error) {
    const reason = (error as Error).message;
    throw new StartError(`cannot write to the temporary folder (TMPDIR): ${reason}`, 1, {
      cause: error,
    });
  }
}
