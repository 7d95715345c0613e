/** Makes the code pack of a bundle: which chunks are loaded together, and what V8 compiles of them. */
import { encodePack } from "../../mod/code/code_pack.ts";
import { insertInto } from "./insert.ts";
import { type Group, packChunks, readChunks } from "./pack_chunks.ts";
import { partsOf } from "./parts.ts";
import { type Recorded, warmUp } from "./warm_up.ts";

/**
 * The pack of the bundle in `folder`. `recorder`: a program of `deno compile` that records, without
 * code in it. `attached`: what comes behind the code. `emulator`: the words that run programs of its
 * CPU here; null: nothing can, so that everything is loaded chunk by chunk.
 */
export async function makePack(
  folder: string,
  recorder: string,
  attached: Uint8Array,
  emulator: readonly string[] | null,
): Promise<Uint8Array<ArrayBuffer>> {
  const chunks = await readChunks(folder);
  if (emulator === null) return encodePack(packChunks(chunks, new Map()));
  const bare = await Deno.readFile(recorder);
  const runWith = async (groups: ReadonlyMap<string, Group>): Promise<Recorded[]> => {
    const pack = encodePack(packChunks(chunks, groups));
    await Deno.writeFile(recorder, insertInto(bare, [pack, attached]));
    return await warmUp([...emulator, recorder]);
  };
  const members = groupsOf(chunks, await runWith(new Map()));
  const complete = withCaches(members, await runWith(members));
  for (const { groups } of await runWith(complete)) {
    const refused = groups.find(({ isRefused }) => isRefused !== false);
    if (refused !== undefined) throw new Error(`V8 refuses its own cache for ${refused.key}`);
  }
  return encodePack(packChunks(chunks, complete));
}

/** The chunks of each role, and of the parts beside them. */
function groupsOf(
  chunks: ReadonlyMap<string, string>,
  recorded: readonly Recorded[],
): Map<string, Group> {
  const starts = Map.groupBy(recorded.filter(({ isStart }) => isStart), ({ role }) => role);
  const roles = new Map(Array.from(starts, ([role, runs]) => {
    return [role, new Set(runs.flatMap((run) => run.names))];
  }));
  const groups = new Map([...roles, ...partsOf(chunks, roles, recorded)]);
  return new Map(Array.from(groups, ([key, names]) => {
    return [key, { names: [...names].sort(), cache: null }];
  }));
}

/** `groups` with the caches of a run. */
function withCaches(
  groups: ReadonlyMap<string, Group>,
  recorded: readonly Recorded[],
): Map<string, Group> {
  return new Map(Array.from(groups, ([key, { names }]) => {
    const caches = recorded.filter(({ isStart, role }) => isStart || role !== key)
      .flatMap((run) => run.caches.get(key) ?? []);
    // Of a role the last one counts, of a part the one in which most of it has run.
    const cache = recorded.some(({ role }) => role === key)
      ? caches.at(-1)
      : caches.sort((a, b) => a.length - b.length).at(-1);
    if (cache === undefined) throw new Error(`${key} has left no cache`);
    return [key, { names, cache }];
  }));
}
