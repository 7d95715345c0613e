/** What two builds of the same sources have in common. */
import { PackReader } from "../../mod/code/code_pack.ts";
import { elfEnd } from "../../mod/code/executable_file.ts";

/**
 * The bytes of the executable at `path` without V8's caches and the tables that say where they are:
 * which functions have been compiled by the end of a run depends on its timers.
 */
export async function withoutCaches(path: string): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = await Deno.readFile(path);
  using pack = PackReader.open(path);
  if (pack === null) return bytes;
  const kept = [[0, elfEnd(bytes)], pack.textsRange, [pack.end, bytes.length]] as const;
  const all = new Uint8Array(kept.reduce((sum, [start, end]) => sum + end - start, 0));
  let at = 0;
  for (const [start, end] of kept) {
    all.set(bytes.subarray(start, end), at);
    at += end - start;
  }
  return all;
}
