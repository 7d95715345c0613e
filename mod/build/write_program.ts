/** Writes a copy of this program with an app in it. */
import { StartError, systemReason } from "../base/errors.ts";
import { removeIfThere } from "../process/files/if_there.ts";
import { type BuiltApp, type BuiltFile, encodeContent } from "../script/built/content.ts";
import { codeEnd } from "../code/code_pack.ts";
import { ownFile, readAt } from "../code/executable_file.ts";
import { sectionHead } from "../script/built/section.ts";
import { payloadStart } from "../script/esbuild/attachment.ts";

const pieceBytes = 1 << 20;

/** `root`: the folder of the files. Replaces `output` when all is written. Rejects with `StartError`. */
export async function writeProgram(
  output: string,
  linked: Pick<BuiltApp, "entry" | "code" | "map">,
  files: readonly BuiltFile[],
  root: string,
): Promise<void> {
  const { entry, code, map } = linked;
  const content = encodeContent({ entry, code, map, files });
  const head = await sectionHead(content, files.reduce((sum, { bytes }) => sum + bytes, 0));
  const fresh = `${output}.new-${Deno.pid}`;
  try {
    if (isFolder(output)) throw new StartError(`${output}: is a folder`);
    using into = Deno.openSync(fresh, { write: true, createNew: true, mode: 0o755 });
    using program = Deno.openSync(ownFile());
    copy(program, 0, codeEnd(program), into);
    // In place of esbuild, which has done its work.
    writeAll(into, head);
    writeAll(into, content);
    for (const file of files) writeFile(into, file, root);
    const start = payloadStart(program);
    copy(program, start, program.statSync().size - start, into);
    into.syncSync();
    Deno.renameSync(fresh, output);
  } catch (error) {
    removeIfThere(fresh);
    if (error instanceof StartError) throw error;
    throw new StartError(`${output}: ${systemReason(error)}`, 1, { cause: error });
  }
}

function writeFile(into: Deno.FsFile, { path, bytes }: BuiltFile, root: string): void {
  const content = Deno.readFileSync(`${root}/${path}`);
  if (content.length !== bytes) throw new StartError(`${path}: was changed during the build`);
  writeAll(into, content);
}

function copy(from: Deno.FsFile, offset: number, bytes: number, into: Deno.FsFile): void {
  for (let at = 0; at < bytes; at += pieceBytes) {
    writeAll(into, readAt(from, offset + at, Math.min(pieceBytes, bytes - at)));
  }
}

function writeAll(into: Deno.FsFile, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length;) at += into.writeSync(bytes.subarray(at));
}

function isFolder(path: string): boolean {
  try {
    return Deno.statSync(path).isDirectory;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
