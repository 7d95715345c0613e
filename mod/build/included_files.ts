/** The files of `--include`. */
import { StartError, systemReason } from "../base/errors.ts";
import { sha256 } from "../base/sha256.ts";
import type { BuiltFile } from "../script/built/content.ts";

/** All files of `places`, which are below `root`, in the order of their paths. Rejects with `StartError`. */
export async function includedFiles(
  places: readonly string[],
  root: string,
): Promise<readonly BuiltFile[]> {
  const paths = new Set<string>();
  for (const place of places) collect(place, root, paths);
  const files: BuiltFile[] = [];
  for (const path of [...paths].sort()) {
    const bytes = Deno.readFileSync(path);
    files.push({
      path: path.slice(root.length + 1),
      bytes: bytes.length,
      digest: await sha256(bytes),
      isExecutable: ((Deno.statSync(path).mode ?? 0) & 0o111) !== 0,
    });
  }
  return files;
}

function collect(place: string, root: string, into: Set<string>): void {
  try {
    const path = Deno.realPathSync(place);
    if (!path.startsWith(`${root}/`)) {
      throw new StartError(`--include ${place}: is not below ${root}, the folder of the app`);
    }
    if (Deno.statSync(path).isFile) return void into.add(path);
    walk(path, into);
  } catch (error) {
    if (error instanceof StartError) throw error;
    throw new StartError(`--include ${place}: ${systemReason(error)}`, 1, { cause: error });
  }
}

/** Links to files are followed, those to folders are not: they may lead in circles. */
function walk(folder: string, into: Set<string>): void {
  for (const { name, isDirectory } of Deno.readDirSync(folder)) {
    const path = `${folder}/${name}`;
    if (isDirectory) walk(path, into);
    else if (Deno.statSync(path).isFile) into.add(path);
  }
}
