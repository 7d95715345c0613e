/** Gives the state folder of root to the user that orders certificates from then on. */
import { basename, dirname } from "../../std/path.ts";
import { StateFolder, stateFolders } from "./state_folder.ts";

/**
 * Makes the folder, if need be, and its owner `uid`. A folder that already belongs to another user is
 * left alone: that user may have put links into it, which root must not follow. So is one that holds
 * more than a state. Whether it can be used is found out by the user itself.
 */
export function handStateOver(path: string, uid: number, gid: number): void {
  try {
    hand(path, uid, gid);
  } catch (error) {
    // Missing rights of root, as in a container, or a read-only file system.
    if (error instanceof TypeError) throw error;
  }
}

function hand(path: string, uid: number, gid: number): void {
  const parent = dirname(path);
  Deno.mkdirSync(parent, { recursive: true, mode: 0o755 });
  if (new StateFolder(path).prepare() !== null) return;
  letPass(parent, basename(path));
  if (Deno.lstatSync(path).uid !== 0 || !holdsOnly(path, isOurs)) return;
  for (const folder of stateFolders) {
    const inside = `${path}/${folder}`;
    for (const { name, isFile } of Deno.readDirSync(inside)) {
      if (isFile) Deno.chownSync(`${inside}/${name}`, uid, gid);
    }
    Deno.chownSync(inside, uid, gid);
  }
  // Last: until root gives the folder away, no other user can change what is in it.
  Deno.chownSync(path, uid, gid);
}

/** A parent that was made for root alone, and holds nothing else, is opened to be passed through. */
function letPass(parent: string, name: string): void {
  const { uid, mode } = Deno.lstatSync(parent);
  if (uid !== 0 || ((mode ?? 0) & 0o001) !== 0) return;
  if (holdsOnly(parent, (other) => other === name)) Deno.chmodSync(parent, 0o711);
}

function isOurs(name: string): boolean {
  return (stateFolders as readonly string[]).includes(name) || /^lock(\.|$)/.test(name);
}

function holdsOnly(path: string, isAllowed: (name: string) => boolean): boolean {
  return [...Deno.readDirSync(path)].every(({ name }) => isAllowed(name));
}
