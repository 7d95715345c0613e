/** Makes the code pack of a bundle: which chunks each role loads, and what V8 compiles of them. */
import { encodePack } from "../../mod/code/code_pack.ts";
import { insertInto } from "./insert.ts";
import { type Group, packChunks, readChunks } from "./pack_chunks.ts";
import { type Recorded, warmUp } from "./warm_up.ts";

/**
 * Two runs of a role leave the same cache, but for a bit now and then where one thread of V8 was faster;
 * the cache that was seen twice is taken, so that two builds have the same bytes.
 */
const passesMax = 6;

/**
 * The pack of the bundle in `folder`. `recorder`: a program of `deno compile` that records, without
 * code in it. `emulator`: the words that run programs of its CPU here; null: nothing can, so that
 * each role loads chunk by chunk.
 */
export async function makePack(
  folder: string,
  recorder: string,
  emulator: readonly string[] | null,
): Promise<Uint8Array<ArrayBuffer>> {
  const chunks = await readChunks(folder);
  if (emulator === null) return encodePack(packChunks(chunks, new Map()));
  const bare = await Deno.readFile(recorder);
  const runWith = async (groups: ReadonlyMap<string, Group>): Promise<Recorded[]> => {
    await Deno.writeFile(recorder, insertInto(bare, [encodePack(packChunks(chunks, groups))]));
    return await warmUp([...emulator, recorder]);
  };
  const members = groupsOf(await runWith(new Map()));
  const complete = await compile(members, runWith);
  for (const { role, isRefused } of await runWith(complete)) {
    if (isRefused !== false) throw new Error(`V8 refuses its own cache for ${role}`);
  }
  return encodePack(packChunks(chunks, complete));
}

/** The chunks of each role. */
function groupsOf(recorded: readonly Recorded[]): Map<string, Group> {
  const names = Map.groupBy(recorded, ({ role }) => role);
  return new Map(Array.from(names, ([role, runs]) => {
    return [role, { names: [...new Set(runs.flatMap((run) => run.names))].sort(), cache: null }];
  }));
}

/** `groups` with their caches. */
async function compile(
  groups: ReadonlyMap<string, Group>,
  runWith: (groups: ReadonlyMap<string, Group>) => Promise<Recorded[]>,
): Promise<Map<string, Group>> {
  const seen = new Map<string, Uint8Array[]>([...groups.keys()].map((role) => [role, []]));
  const complete = new Map<string, Group>();
  for (let pass = 0; pass < passesMax && complete.size < groups.size; pass++) {
    const runs = await runWith(groups);
    for (const [role, { names }] of groups) {
      const cache = runs.findLast((run) => run.role === role)?.cache;
      if (!cache) throw new Error(`the role ${role} has left no cache`);
      const before = seen.get(role)!;
      if (before.some((other) => isSame(other, cache))) complete.set(role, { names, cache });
      before.push(cache);
    }
  }
  for (const [role, { names }] of groups) {
    if (!complete.has(role)) complete.set(role, { names, cache: seen.get(role)![0] });
  }
  return complete;
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index]);
}
