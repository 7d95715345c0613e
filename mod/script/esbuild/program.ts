/** Where the attached esbuild is run from. */
import { StartError } from "../../base/errors.ts";
import { decompressZstd } from "../../std/decompressor.ts";
import { openProgramFile } from "../../sys/memory_file.ts";
import { readAttached } from "./attachment.ts";

/** Larger than esbuild, which has 11 MB. */
const programBytesMax = 16 << 20;

/** A program that can be started while it is open. */
export interface OpenProgram {
  readonly path: string;
  close(): void;
}

/**
 * Opens esbuild: from memory, or where memory cannot be run, from a temporary file. Throws
 * `StartError`.
 */
export function openEsbuild(): OpenProgram {
  if (!Deno.build.standalone) {
    return { path: new URL("../../../dist/esbuild", import.meta.url).pathname, close() {} };
  }
  const packed = readOwn();
  if (packed === null) throw new StartError(`${Deno.execPath()} was built without esbuild`);
  const program = decompressZstd(packed, programBytesMax);
  return openProgramFile("esbuild", program) ?? openTemporaryFile(program);
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
