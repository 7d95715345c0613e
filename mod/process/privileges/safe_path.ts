/**
 * Whether a user could put something else in the way of a path: a link to /etc/shadow in place of a
 * key, a link to another file in place of a log. Root must not follow such a path for that user.
 */

/** Whose rights count. */
export interface UserIds {
  readonly uid: number;
  /** All of its groups. */
  readonly gids: readonly number[];
}

/** What is asked of the file system; for tests. */
export interface PathFacts {
  lstat(path: string): Pick<Deno.FileInfo, "uid" | "gid" | "mode" | "isSymlink">;
  readLink(path: string): string;
}

/** MAXSYMLINKS of the kernel (path_resolution(7)). */
const linksMax = 40;
const sticky = 0o1000;

/**
 * The folder on the way to `path` (absolute) in which the user may create or replace entries; null:
 * there is none, so that nothing on the way can change under our hands by that user. Links are
 * followed as the kernel does. In a sticky folder as /tmp the entries of others are safe
 * (inode(7), S_ISVTX).
 */
export function folderOpenTo(
  path: string,
  user: UserIds,
  facts: PathFacts = { lstat: Deno.lstatSync, readLink: Deno.readLinkSync },
): string | null {
  let rest = namesOf(path);
  /** Without links; "" is the root. */
  let at = "";
  let links = 0;
  while (rest.length > 0) {
    const [name, ...more] = rest;
    rest = more;
    if (name === "..") {
      at = at.slice(0, Math.max(0, at.lastIndexOf("/")));
      continue;
    }
    const folder = at || "/";
    const entryPath = `${at}/${name}`;
    const entry = lookAt(entryPath, facts);
    if (mayReplace(facts.lstat(folder), entry, user)) return folder;
    if (entry === null) return null;
    if (!entry.isSymlink) {
      at = entryPath;
      continue;
    }
    if (++links > linksMax) return folder;
    const target = facts.readLink(entryPath);
    if (target.startsWith("/")) at = "";
    rest = [...namesOf(target), ...rest];
  }
  return null;
}

type Facts = ReturnType<PathFacts["lstat"]>;

function lookAt(path: string, facts: PathFacts): Facts | null {
  try {
    return facts.lstat(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) {
      return null;
    }
    throw error;
  }
}

function mayReplace(folder: Facts, entry: Facts | null, user: UserIds): boolean {
  if (!mayWrite(folder, user)) return false;
  const isSticky = ((folder.mode ?? 0) & sticky) !== 0 && folder.uid !== user.uid;
  return !(isSticky && entry !== null && entry.uid !== user.uid);
}

/** The owner counts whatever the mode says: it can change that. */
function mayWrite({ uid, gid, mode }: Facts, user: UserIds): boolean {
  const bits = mode ?? 0o777;
  return uid === user.uid || (bits & 0o002) !== 0 ||
    ((bits & 0o020) !== 0 && user.gids.includes(gid ?? -1));
}

function namesOf(path: string): string[] {
  return path.split("/").filter((name) => name !== "" && name !== ".");
}
