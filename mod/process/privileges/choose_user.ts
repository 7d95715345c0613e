/** Whether this process has to become another user, and whether it may. */
import { StartError } from "../../base/errors.ts";
import { isRoot } from "./become_user.ts";
import { findRunAs, type RunAs } from "./run_as.ts";

/** Read by every mode whose `--user` is not given. */
export const userVariable = "HAYATE_USER";

/** A user that was asked for. */
export interface UserWish {
  /** `NAME` or `NAME:GROUP`. */
  readonly text: string;
  /** What asks for it, which begins messages: `--user`, `[h2o.conf:3] user`. */
  readonly setting: string;
}

/**
 * CAP_SETGID and CAP_SETUID to become another user, CAP_KILL to signal it from then on
 * (capabilities(7)).
 */
const neededCapabilities = 1n << 5n | 1n << 6n | 1n << 7n;

/**
 * The user to become; null: this process stays what it is, because nobody asks, or it is that user
 * already, or root is to stay root. Throws `StartError` for a user that this host does not have, and
 * where this process may not become it.
 */
export function userToBecome(wish: UserWish | null): RunAs | null {
  if (wish === null) return null;
  const { text, setting } = wish;
  const user = findRunAs(text, setting);
  if (!isRoot()) {
    const isGroup = !text.includes(":") || Deno.gid() === user.gid;
    if (Deno.uid() === user.uid && isGroup) return null;
    const who = `this process runs as ${Deno.uid()}:${Deno.gid()}`;
    throw new StartError(`${setting}: only root can become ${text}; ${who}`);
  }
  if (user.uid === 0) return null;
  if ((effectiveCapabilities() & neededCapabilities) === neededCapabilities) return user;
  throw new StartError(
    `${setting}: root has no right to become ${user.name} here; add the capabilities SETUID, ` +
      "SETGID and KILL, start it as that user, or stay root with --user root",
  );
}

/** Of this thread; all of them where /proc does not tell. */
function effectiveCapabilities(): bigint {
  try {
    const status = Deno.readTextFileSync("/proc/self/status");
    const hex = /^CapEff:\s*([0-9a-f]+)$/m.exec(status)?.[1];
    return hex === undefined ? ~0n : BigInt(`0x${hex}`);
  } catch {
    // Without /proc the change itself will tell.
    return ~0n;
  }
}
