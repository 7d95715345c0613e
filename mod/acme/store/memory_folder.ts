/**
 * State folders that end with their process. One that was killed leaves its folder behind; the next
 * start removes it.
 */
import { systemReason } from "../../base/errors.ts";
import { readShaped, record, type Shape, text, whole } from "../../base/shape.ts";
import { getVariable } from "../../process/environment.ts";
import { pidSpace, processInfo } from "../../process/proc.ts";
import { readText } from "./read_text.ts";
import { StateFolder } from "./state_folder.ts";

export interface MemoryFolder {
  /** null: there is no place for one. */
  readonly path: string | null;
  /** Why; null: there is. */
  readonly reason: string | null;
  dispose(): void;
}

const prefix = "hayate-acme-";
const ownerFile = "owner.json";

/** The process that a folder ends with. */
interface Owner {
  readonly pid: number;
  /** With the pid it identifies a process of a pid namespace, until the next boot. */
  readonly startTime: string;
  readonly pidSpace: string;
}

const ownerShape: Shape = record<Owner>({ pid: whole(1), startTime: text, pidSpace: text });

/** Those of this program. Others of this process are of the program before it (execve(2)). */
const made = new Set<string>();

/** A folder for this process: that of the program before it, or a new one. */
export function openMemoryFolder(): MemoryFolder {
  let reason = "";
  // On a file system in memory, where the host has one.
  for (const place of ["/dev/shm", getVariable("TMPDIR") || "/tmp"]) {
    const path = inheritedFrom(place) ?? create(place);
    if (path instanceof Error) {
      reason = systemReason(path);
      continue;
    }
    const fault = new StateFolder(path).prepare() ?? claim(path);
    if (fault === null) return { path, reason: null, dispose: () => remove(path) };
    reason = fault;
    remove(path);
  }
  return { path: null, reason, dispose: () => {} };
}

function create(place: string): string | Error {
  try {
    return Deno.makeTempDirSync({ dir: place, prefix });
  } catch (error) {
    return error as Error;
  }
}

/** Removes what dead processes have left; returns what the program before this one has, or null. */
function inheritedFrom(place: string): string | null {
  let inherited: string | null = null;
  for (const path of ourFolders(place)) {
    const owner = readOwner(path);
    // A process of another namespace may live under any number here.
    if (owner === null || owner.pidSpace !== pidSpace()) continue;
    if (processInfo(owner.pid)?.startTime !== owner.startTime) remove(path);
    else if (owner.pid === Deno.pid && !made.has(path)) inherited = path;
  }
  return inherited;
}

/** Folders in `place` with our name that belong to our user: anybody may make some there. */
function ourFolders(place: string): readonly string[] {
  try {
    const names = [...Deno.readDirSync(place)].map(({ name }) => name);
    return names.filter((name) => name.startsWith(prefix)).map((name) => `${place}/${name}`)
      .filter(isOurs);
  } catch {
    // There is no such place, or none for us.
    return [];
  }
}

function isOurs(path: string): boolean {
  try {
    const { isDirectory, uid } = Deno.lstatSync(path);
    return isDirectory && uid === Deno.uid();
  } catch {
    // Removed in the meantime.
    return false;
  }
}

/** Says that it ends with this process. Returns why it cannot, or null. */
function claim(path: string): string | null {
  const startTime = processInfo(Deno.pid)?.startTime ?? "";
  const owner: Owner = { pid: Deno.pid, startTime, pidSpace: pidSpace() };
  try {
    Deno.writeTextFileSync(`${path}/${ownerFile}`, JSON.stringify(owner), { mode: 0o600 });
  } catch (error) {
    return systemReason(error);
  }
  made.add(path);
  return null;
}

/** null: a damaged one, or of a process that is about to write it. */
function readOwner(path: string): Owner | null {
  const found = readText(`${path}/${ownerFile}`);
  const owner = found === null ? null : readShaped<Owner>(found, ownerShape, "the owner");
  return owner === null || typeof owner === "string" ? null : owner.value;
}

function remove(path: string): void {
  made.delete(path);
  try {
    Deno.removeSync(path, { recursive: true });
  } catch (error) {
    // Another start has removed it.
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}
