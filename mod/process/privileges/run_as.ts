/** `--user NAME[:GROUP]` and h2o's `user`: which user and groups they mean on this host. */
import { StartError } from "../../base/errors.ts";
import { findGroupId, findUserEntry, groupsOf, type UserEntry } from "../../sys/libc_users.ts";

/** A user that a process may become, with all of its groups. */
export interface RunAs {
  /** As in the user database, or the uid of a user without an entry. */
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  /** Supplementary groups, of which `gid` may be one. */
  readonly groups: readonly number[];
  /** The home directory; `/` for a user without an entry. */
  readonly home: string;
}

/** Whom h2o becomes when root has not said otherwise; here, too. */
export const userDefault = "nobody";

/** The largest uid and gid; -1 means "unchanged" to the system calls (setresuid(2)). */
const idMax = 0xffff_fffe;

/** What is wrong with a text for `--user`, as a clause; null: nothing. Pure. */
export function userTextFault(text: string): string | null {
  const [user, group, ...rest] = text.split(":");
  const isFine = rest.length === 0 && isWord(user) && (group === undefined || isWord(group));
  return isFine ? null : "not NAME or NAME:GROUP; ids are allowed, too";
}

function isWord(text: string): boolean {
  return /^[^\s:\0]+$/.test(text) && (idOf(text) ?? 0) <= idMax;
}

/**
 * Looks up the user and its groups where the host does (nsswitch.conf(5)). A uid without an entry has
 * the group of the same number and no other. `setting` begins the message of a `StartError`.
 */
export function findRunAs(text: string, setting: string): RunAs {
  const fault = userTextFault(text);
  if (fault !== null) throw new StartError(`${setting}: found ${text}, ${fault}`);
  const [user, group] = text.split(":");
  const id = idOf(user);
  const entry: UserEntry | null = findUserEntry(id ?? user) ?? withoutEntry(user, id);
  if (entry === null) {
    const hint = text === userDefault ? "; name another with --user or user:" : "";
    throw new StartError(`${setting}: this host has no user ${user}${hint}`);
  }
  const gid = group === undefined ? entry.gid : groupIdOf(group, setting);
  const groups = idOf(entry.name) === null ? groupsOf(entry.name, gid) : [gid];
  return { ...entry, gid, groups: [...new Set(groups)] };
}

/** Root needs no entry: a container may have no user database at all. */
function withoutEntry(user: string, id: number | null): UserEntry | null {
  const uid = user === "root" ? 0 : id;
  return uid === null ? null : { name: user, uid, gid: uid, home: "/" };
}

function groupIdOf(group: string, setting: string): number {
  const gid = idOf(group) ?? findGroupId(group);
  if (gid === null) throw new StartError(`${setting}: this host has no group ${group}`);
  return gid;
}

function idOf(text: string): number | null {
  return /^\d{1,10}$/.test(text) ? Number(text) : null;
}
