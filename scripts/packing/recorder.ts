/**
 * The program while it is built: runs a role, and at its end writes which chunks were loaded, and
 * what V8 has compiled of the role's group, into the folder in HAYATE_RECORD.
 */
import type { Script } from "node:vm";
import { Loader, openOwnPack } from "../../mod/code/loader.ts";

/** What a run of a role has shown. */
export interface Recording {
  /** The chunks in the order in which they have run. */
  readonly names: readonly string[];
  /** Whether V8 has refused the cache of the group; null: there was none. */
  readonly isRefused: boolean | null;
}

/** Runs the chunk `entry` as `role`; what is returned writes the record. */
export function record(role: string, entry: string): () => void {
  const folder = Deno.env.get("HAYATE_RECORD")!;
  const pack = openOwnPack();
  const names: string[] = [];
  let group: Script | null = null;
  const loader = new Loader(pack, new URL(".", import.meta.url).href, {
    onGroup: (_role, script) => group = script,
    onChunk: (name) => names.push(name),
  });
  const members = loader.loadGroup(role);
  loader.require(entry);
  return () => {
    const isRefused = group?.cachedDataRejected ?? null;
    const recording: Recording = { names: [...names], isRefused };
    Deno.writeTextFileSync(`${folder}/${role}.json`, JSON.stringify(recording));
    // Chunks of the group that this run did not need are needed by others of the role.
    for (const name of members) loader.require(name);
    if (group !== null) {
      Deno.writeFileSync(`${folder}/${role}.cache`, (group as Script).createCachedData());
    }
  };
}
