/** This program as a file to copy: its hash, and its bytes, packed once for all hosts. */
import { StartError, systemReason } from "../../../base/errors.ts";
import { version } from "../../../base/version.ts";
import { programPath } from "../../../process/executable.ts";
import type { Program } from "./ssh_setup.ts";

export class OwnProgram {
  readonly program: Program;
  readonly plain: Uint8Array<ArrayBuffer>;
  #packed: Promise<Uint8Array<ArrayBuffer>> | null = null;

  private constructor(program: Program, plain: Uint8Array<ArrayBuffer>) {
    this.program = program;
    this.plain = plain;
  }

  /** Reads the file of the running program. Throws `StartError`. */
  static async read(): Promise<OwnProgram> {
    if (!Deno.build.standalone) {
      throw new StartError("only the compiled program can be copied to hosts");
    }
    const plain = readFile(programPath());
    const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", plain));
    const program = {
      hash: digest.toHex(),
      byteCount: plain.length,
      system: `Linux ${Deno.build.arch}`,
      version,
    };
    return new OwnProgram(program, plain);
  }

  /** The file in gzip: two seconds of a CPU, once, for less than half of the bytes. */
  packed(): Promise<Uint8Array<ArrayBuffer>> {
    return this.#packed ??= packed(this.plain);
  }
}

async function packed(plain: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  const packing = new Blob([plain]).stream().pipeThrough(new CompressionStream("gzip"));
  return new Uint8Array(await new Response(packing).arrayBuffer());
}

function readFile(path: string): Uint8Array<ArrayBuffer> {
  try {
    return Deno.readFileSync(path);
  } catch (cause) {
    throw new StartError(`${path}: ${systemReason(cause)}`, 1, { cause });
  }
}
