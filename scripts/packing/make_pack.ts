/** Makes the code pack of a bundle: which chunks each role loads, and what V8 compiles of them. */
import { encodePack } from "../../mod/code/code_pack.ts";
import { insertInto } from "./insert.ts";
import { type Group, packChunks, readChunks } from "./pack_chunks.ts";
import { type Recorded, warmUp } from "./warm_up.ts";

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
  const complete = withCaches(members, await runWith(members));
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

/** `groups` with the caches of a run. */
function withCaches(
  groups: ReadonlyMap<string, Group>,
  recorded: readonly Recorded[],
): Map<string, Group> {
  return new Map(Array.from(groups, ([role, { names }]) => {
    const cache = recorded.findLast((run) => run.role === role)?.cache;
    if (!cache) throw new Error(`the role ${role} has left no cache`);
    return [role, { names, cache }];
  }));
}
