/** `--envdir`: a folder of files, each a variable for workers. */
import type { Variables } from "../process/environment.ts";

/** The folder's variables: file name and first line. Hidden and empty files are skipped. */
export function readEnvdir(path: string): Variables {
  const variables: Record<string, string> = {};
  let entries: Deno.DirEntry[];
  try {
    entries = [...Deno.readDirSync(path)];
  } catch {
    // As with Server::Starter, a missing or unreadable folder has no variables.
    return variables;
  }
  for (const { name } of entries) {
    if (name.startsWith(".") || name.includes("=")) continue;
    const text = readText(`${path}/${name}`);
    if (text !== null && text !== "") variables[name] = text.split("\n", 1)[0].split("\0", 1)[0];
  }
  return variables;
}

function readText(path: string): string | null {
  try {
    return Deno.readTextFileSync(path);
  } catch {
    // A folder, an unreadable file, or a file that was just removed.
    return null;
  }
}
