/** What two builds of the same sources have in common. */
import { PackReader } from "../../mod/code/code_pack.ts";
import { elfEnd } from "../../mod/code/executable_file.ts";
import { concat } from "../../mod/std/bytes.ts";

/**
 * The bytes of the executable at `path` without V8's caches and the tables that say where they are:
 * which functions have been compiled by the end of a run depends on its timers.
 */
export async function withoutCaches(path: string): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = await Deno.readFile(path);
  using pack = PackReader.open(path);
  if (pack === null) return bytes;
  const kept = [[0, elfEnd(bytes)], pack.textsRange, [pack.end, bytes.length]] as const;
  return concat(kept.map(([start, end]) => bytes.subarray(start, end)));
}
