/** The root parent of a process that has given up root, seen from both sides. */
import { StartError } from "../base/errors.ts";
import { dieWithParent } from "../process/children/exec.ts";
import { bindListener } from "../net/listening.ts";
import { useParentBinder } from "../net/parent_binder.ts";
import { becomeUser, hideMemory, isRoot } from "../process/privileges/become_user.ts";
import { programPath } from "../process/executable.ts";
import { whyNotRunnable } from "../process/files/path_access.ts";
import type { Grant } from "../process/privileges/grants.ts";
import type { OpenerHost } from "../process/opening/host.ts";
import {
  askInode,
  askToListen,
  askToRemove,
  askToRename,
} from "../process/privileges/parent_files.ts";
import { parentOpener } from "../process/privileges/parent_opener.ts";
import type { RunAs } from "../process/privileges/run_as.ts";

/** Call it first in a serving mode: sockets are bound by the root parent, if there is one. */
export function useRootParent(): void {
  if (parentOpener() === null) return;
  useParentBinder({
    listen: askToListen,
    rename: askToRename,
    inodeAt: askInode,
    remove: askToRemove,
  });
  // A worker is born as the user, and holds keys that others of that user must not see.
  if (!isRoot()) hideMemory();
}

/**
 * Becomes `user`. From then on the root parent opens what `grants` name, and nothing else. Call it
 * before anything of a stranger is read. `setting` begins the message of a `StartError`.
 */
export function giveUpRoot(user: RunAs, setting: string, grants: readonly Grant[]): void {
  const opener = parentOpener();
  opener?.seal(grants, user);
  becomeUser(user, setting);
  // Only now, because a change of the user clears this signal (prctl(2)). Without it, this process would
  // outlive its parent.
  if (opener?.isKeeper === true && !dieWithParent(Deno.ppid, "TERM")) {
    throw new StartError("the parent has died");
  }
}

/**
 * Throws `StartError` where this process, as the user that it has become, cannot read and start this
 * program, as which its workers run.
 */
export function requireProgram(setting: string): void {
  const reason = whyNotRunnable(programPath());
  if (reason === null) return;
  throw new StartError(
    `${setting}: uid ${Deno.uid()} cannot run ${programPath()}: ${reason}; put the program where every ` +
      "user may read and execute it",
  );
}

/** For an `Opener` of this process. */
export function openerHost(refresh?: () => Promise<readonly Grant[]>): OpenerHost {
  return {
    bind(address, { reusePort, backlog, mode, v6Only, listening }) {
      const options = {
        reusePort,
        v6Only,
        ...(backlog === null ? {} : { backlog }),
        ...(mode === null ? {} : { mode }),
      };
      try {
        return bindListener(address, options, false, listening);
      } catch (error) {
        if (error instanceof StartError) return error.message;
        throw error;
      }
    },
    ...(refresh === undefined ? {} : { refresh }),
  };
}
