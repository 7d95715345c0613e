/** Becoming another program. */
import { Errno, errnoPhrase } from "../sys/errno.ts";
import { errno } from "../sys/libc.ts";
import { cString, CStringVector, libcProcess, PR } from "../sys/libc_process.ts";
import { allVariables } from "./environment.ts";
import { signalNumber } from "./signals.ts";
import { startFailureCode } from "./spawn.ts";

/**
 * Becomes `command`, which gets the signal when the process `parent` dies (prctl(2),
 * PR_SET_PDEATHSIG). Returns only on failure, with the reason and a shell's exit code for it.
 */
export function execWithParent(
  command: readonly string[],
  parent: number,
  signal: string,
): { readonly reason: string; readonly exitCode: number } {
  libcProcess.prctl(PR.setPdeathsig, BigInt(signalNumber(signal)), 0n, 0n, 0n);
  // It may have died before prctl; then nobody would ever tell us.
  if (libcProcess.getppid() !== parent) return { reason: "the parent has died", exitCode: 1 };
  const variables = allVariables();
  const argv = new CStringVector(command);
  const envp = new CStringVector(
    Object.entries(variables).map(([name, text]) => `${name}=${text}`),
  );
  const program = command[0] ?? "";
  const folders = program.includes("/") ? [""] : (variables["PATH"] ?? "/usr/bin:/bin").split(":");
  let reason = `${program}: not found in PATH`;
  let failure: number = Errno.ENOENT;
  for (const folder of folders) {
    const path = folder === "" ? program : `${folder}/${program}`;
    libcProcess.execve(cString(path), argv.pointers, envp.pointers);
    const code = errno();
    if (code === Errno.ENOENT || code === Errno.ENOTDIR) continue;
    reason = `${path}: ${errnoPhrase(code)}`;
    failure = code;
  }
  return { reason, exitCode: startFailureCode(failure) };
}
