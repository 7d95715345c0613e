/**
 * Holds signals back while this process replaces its program: execve(2) resets every handler, and
 * until the new program has its own a signal would end it. Blocked signals stay pending (execve(2)).
 */
import { libcProcess } from "../../sys/libc_process.ts";
import { signalNumber } from "./signals.ts";

/** SIG_BLOCK and SIG_UNBLOCK of sigprocmask(2). */
const how = { block: 0, unblock: 1 } as const;
/** sizeof(sigset_t) of glibc. */
const setBytes = 128;
const held = ["HUP", "INT", "QUIT", "TERM", "USR1", "USR2", "CHLD"];

/** Blocks what a supervisor handles, in the calling thread. */
export function holdSignals(): void {
  change(how.block);
}

/** Lets them in: pending ones arrive now. Threads that were started in between stay without them. */
export function releaseSignals(): void {
  change(how.unblock);
}

function change(operation: number): void {
  const set = new Uint8Array(setBytes);
  for (const name of held) {
    const bit = signalNumber(name) - 1;
    set[bit >> 3] |= 1 << (bit & 7);
  }
  libcProcess.pthread_sigmask(operation, set, null);
}
