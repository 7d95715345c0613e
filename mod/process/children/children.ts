/** Collects the wait status of children that `spawn` started (waitpid(2), SIGCHLD). */
import { libcProcess, WNOHANG } from "../../sys/libc_process.ts";
import { addSignalListener } from "../signals/signals.ts";

const waiting = new Map<number, (status: number) => void>();
let stopListening: (() => void) | null = null;
// A signal listener alone does not keep Deno's event loop alive, but a timer does. It also polls, so
// that an exit whose SIGCHLD was missed is still noticed.
let keepAlive = 0;
const lookMs = 1000;
let reapsOrphans = false;

/** Resolves with the raw wait status when the child `pid` has exited. */
export function watchChild(pid: number): Promise<number> {
  return new Promise((resolve) => {
    waiting.set(pid, resolve);
    stopListening ??= addSignalListener("CHLD", reap);
    if (keepAlive === 0) keepAlive = setInterval(reap, lookMs);
    // It may have exited before the SIGCHLD listener was added.
    queueMicrotask(() => reapOne(pid));
  });
}

/**
 * Also reaps orphans from now on, which process 1 of a container inherits. Not compatible with
 * `Deno.Command`, whose children this would reap.
 */
export function reapOrphans(): void {
  reapsOrphans = true;
  stopListening ??= addSignalListener("CHLD", reap);
}

function reap(): void {
  if (!reapsOrphans) {
    for (const pid of [...waiting.keys()]) reapOne(pid);
    return;
  }
  const status = new Int32Array(1);
  while (true) {
    const pid = libcProcess.waitpid(-1, status, WNOHANG);
    if (pid <= 0) return;
    settle(pid, status[0]);
  }
}

function reapOne(pid: number): void {
  const status = new Int32Array(1);
  if (libcProcess.waitpid(pid, status, WNOHANG) === pid) settle(pid, status[0]);
}

function settle(pid: number, status: number): void {
  const resolve = waiting.get(pid);
  waiting.delete(pid);
  if (waiting.size === 0) {
    clearInterval(keepAlive);
    keepAlive = 0;
    if (!reapsOrphans) stopListening?.();
    if (!reapsOrphans) stopListening = null;
  }
  resolve?.(status);
}

/** The exit code as a shell reports it: 128 + signal for a death by signal. */
export function exitCodeOf(status: number): number {
  const signal = status & 0x7f;
  return signal === 0 ? status >> 8 & 0xff : 128 + signal;
}

/** The number of the signal that ended the child, 0 when it exited. */
export function deathSignalOf(status: number): number {
  return status & 0x7f;
}
