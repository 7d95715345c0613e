/** Access to processes other than children, by pidfd (pidfd_open(2), pidfd_getfd(2)). */
import { libc } from "../sys/libc.ts";
import { libcProcess, SYS } from "../sys/libc_process.ts";
import { descriptorWatch } from "./descriptor_watch.ts";

const call = { open: BigInt(SYS.pidfdOpen), getfd: BigInt(SYS.pidfdGetfd) } as const;

/** Calls back once when the process has exited; at once when it does not exist. */
export function watchProcess(pid: number, onEnd: () => void): void {
  const fd = openPidfd(pid);
  if (fd < 0) return queueMicrotask(onEnd);
  descriptorWatch.watch(fd, () => {
    descriptorWatch.forget(fd);
    libc.close(fd);
    onEnd();
  });
}

/**
 * A copy of another process's descriptor, with CLOEXEC. -1: it is not open, or access is denied
 * (it needs the right to trace that process, ptrace(2)).
 */
export function copyDescriptor(pid: number, number: number): number {
  const fd = openPidfd(pid);
  if (fd < 0) return -1;
  const copy = Number(libcProcess.syscall(call.getfd, BigInt(fd), BigInt(number), 0n));
  libc.close(fd);
  return copy;
}

function openPidfd(pid: number): number {
  return Number(libcProcess.syscall(call.open, BigInt(pid), 0n, 0n));
}
