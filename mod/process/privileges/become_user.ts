/** Gives up root for good: another user, its groups, and no way back. */
import { StartError } from "../../base/errors.ts";
import { errnoPhrase } from "../../sys/errno.ts";
import { errno } from "../../sys/libc.ts";
import { libcProcess, PR } from "../../sys/libc_process.ts";
import { libcUsers } from "../../sys/libc_users.ts";
import { setVariable } from "../environment.ts";
import type { RunAs } from "./run_as.ts";

/** True for root, which alone may become another user. */
export function isRoot(): boolean {
  return Deno.uid() === 0;
}

/**
 * Makes every thread of this process `user`, and says so in HOME, USER and LOGNAME. The kernel then
 * clears all capabilities (capabilities(7)) and lets no other process of that user look into this one
 * (PR_SET_DUMPABLE, prctl(2)). `setting` begins the message of a `StartError`; after one this process
 * is of no use.
 */
export function becomeUser(user: RunAs, setting: string): void {
  const { uid, gid, groups } = user;
  const list = new Uint32Array(groups);
  // In this order: without root the groups cannot be changed any more.
  const isDone = libcUsers.setgroups(list.length, new Uint8Array(list.buffer)) === 0 &&
    libcUsers.setresgid(gid, gid, gid) === 0 &&
    libcUsers.setresuid(uid, uid, uid) === 0;
  if (!isDone) {
    throw new StartError(
      `${setting}: root cannot become ${user.name} here: ${errnoPhrase(errno())}; start it ` +
        "as that user, or stay root with --user root",
    );
  }
  if (uid !== 0 && libcUsers.setresuid(0, 0, 0) === 0) {
    throw new StartError(`${setting}: ${user.name} can become root again; it is not safe to go on`);
  }
  const { home, name } = user;
  for (const [key, value] of Object.entries({ HOME: home, USER: name, LOGNAME: name })) {
    setVariable(key, value);
  }
}

/**
 * No program that this thread starts gains rights by set-user-ID or file capabilities
 * (no_new_privs, prctl(2)). The flag is one thread's: a child has it in all of its threads, so a
 * parent sets it before it starts the child. It stays.
 */
export function forbidNewPrivileges(): void {
  libcProcess.prctl(PR.setNoNewPrivs, 1n, 0n, 0n, 0n);
}

/** Hides the memory of this process from others of the same user (PR_SET_DUMPABLE). */
export function hideMemory(): void {
  libcProcess.prctl(PR.setDumpable, 0n, 0n, 0n, 0n);
}
