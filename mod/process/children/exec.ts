/** Replaces this process with another program. */
import { Errno, errnoPhrase } from "../../sys/errno.ts";
import { errno } from "../../sys/libc.ts";
import { cString, CStringVector, libcProcess, PR } from "../../sys/libc_process.ts";
import type { Variables } from "../environment.ts";
import { signalNumber } from "../signals/signals.ts";
import { startFailureCode } from "./spawn.ts";

/**
 * This process, and the program that it executes, get the signal when the process `parent` dies
 * (PR_SET_PDEATHSIG, prctl(2)). A change of the user takes that back. False: it has died already.
 */
export function dieWithParent(parent: number, signal: string): boolean {
  libcProcess.prctl(PR.setPdeathsig, BigInt(signalNumber(signal)), 0n, 0n, 0n);
  // The parent may have died before prctl(2); then no signal would ever come.
  return libcProcess.getppid() === parent;
}

/** Looks execve(2) up, as its first call would. */
export function findExecve(): void {
  void libcProcess.execve;
}

/**
 * LISTEN_FDS without LISTEN_PID is meant for the program of this process, whose pid its parent could
 * not know when it started it (sd_listen_fds(3)).
 */
function withListenPid(variables: Variables): Variables {
  return variables["LISTEN_FDS"] === undefined || variables["LISTEN_PID"] !== undefined
    ? variables
    : { ...variables, LISTEN_PID: String(Deno.pid) };
}

/**
 * Executes `program`, looked up in PATH unless it has a slash, in this process. Returns only on
 * failure, with the reason and the exit code of a shell.
 */
export function execProgram(
  program: string,
  argv: readonly string[],
  variables: Variables,
): { readonly reason: string; readonly exitCode: number } {
  const words = new CStringVector(argv);
  const envp = new CStringVector(
    Object.entries(withListenPid(variables)).map(([name, text]) => `${name}=${text}`),
  );
  const folders = program.includes("/") ? [""] : (variables["PATH"] ?? "/usr/bin:/bin").split(":");
  let reason = `${program}: not found in PATH`;
  let failure: number = Errno.ENOENT;
  for (const folder of folders) {
    const path = folder === "" ? program : `${folder}/${program}`;
    libcProcess.execve(cString(path), words.pointers, envp.pointers);
    const code = errno();
    if (code === Errno.ENOENT || code === Errno.ENOTDIR) continue;
    reason = `${path}: ${errnoPhrase(code)}`;
    failure = code;
  }
  return { reason, exitCode: startFailureCode(failure) };
}
