/**
 * Descriptors that our own parent gave us. They come without close-on-exec, so that every program
 * started here would hold them too: a listening socket, for instance, long after our end.
 */
import { libc } from "../sys/libc.ts";
import { F, fdCloexec } from "../sys/libc_process.ts";

/** Where /proc is not mounted, inherited descriptors are looked for below this number. */
const scanMax = 1024;

/**
 * Sets close-on-exec on every descriptor above 2; returns the numbers of those that did not have it.
 * Each serving mode calls it before it starts anything, and before code of the user runs. From then on
 * a child has what its `SpawnRequest` names and nothing else: `spawn` copies descriptors in the child,
 * so that two starts cannot leak into each other.
 */
export function sealInherited(): number[] {
  const sealed = openNumbers().filter((fd) => {
    if (fd <= 2) return false;
    const flags = libc.fcntl(fd, F.getfd, 0);
    return flags >= 0 && (flags & fdCloexec) === 0;
  });
  for (const fd of sealed) keepFromChildren(fd);
  return sealed.sort((left, right) => left - right);
}

function openNumbers(): number[] {
  try {
    return [...Deno.readDirSync("/proc/self/fd")].map(({ name }) => Number(name));
  } catch {
    // No /proc. fcntl(2) on a number that is not open fails, and `sealInherited` skips it.
    return Array.from({ length: scanMax }, (_, fd) => fd);
  }
}

/** Sets close-on-exec: from now on only a start that names the descriptor passes it on. */
export function keepFromChildren(fd: number): void {
  libc.fcntl(fd, F.setfd, fdCloexec);
}

/** True when children do not get the descriptor by themselves. */
export function isKeptFromChildren(fd: number): boolean {
  const flags = libc.fcntl(fd, F.getfd, 0);
  return flags >= 0 && (flags & fdCloexec) !== 0;
}
