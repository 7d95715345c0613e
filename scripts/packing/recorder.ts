/**
 * The program while it is built: runs a role, and at its end writes which chunks were loaded, and
 * what V8 has compiled of each group, into the folder in HAYATE_RECORD.
 */
import type { Script } from "node:vm";
import { Loader, openOwnPack } from "../../mod/code/loader.ts";

/** What a process, or a thread, has shown. */
export interface Recording {
  readonly role: string;
  /** The chunks in the order in which they have run. */
  readonly names: readonly string[];
  /** The groups that were loaded; the cache of each is in a file of its own. */
  readonly groups: readonly RecordedGroup[];
}

export interface RecordedGroup {
  readonly key: string;
  /** Whether V8 has refused its cache; null: there was none. */
  readonly isRefused: boolean | null;
  /** Name of the file. */
  readonly cacheFile: string;
}

/** Runs the chunk `entry` as `role`; what is returned writes the record. */
export function record(role: string, entry: string): () => void {
  const folder = Deno.env.get("HAYATE_RECORD")!;
  const pack = openOwnPack();
  const names: string[] = [];
  const scripts = new Map<string, Script>();
  const loader = new Loader(pack, new URL(".", import.meta.url).href, {
    onGroup: (key, script) => scripts.set(key, script),
    onChunk: (name) => names.push(name),
  });
  const members = loader.loadGroup(role);
  loader.require(entry);
  return () => {
    const file = `${role}-${Deno.pid}`;
    const groups = Array.from(scripts, ([key, { cachedDataRejected = null }], index) => {
      return { key, isRefused: cachedDataRejected, cacheFile: `${file}-${index}.cache` };
    });
    const recording: Recording = { role, names: [...names], groups };
    Deno.writeTextFileSync(`${folder}/${file}.json`, JSON.stringify(recording));
    // Chunks of the group that this run did not need are needed by others of the role.
    for (const name of members) loader.require(name);
    for (const { key, cacheFile } of groups) {
      Deno.writeFileSync(`${folder}/${cacheFile}`, scripts.get(key)!.createCachedData());
    }
  };
}
