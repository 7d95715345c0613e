/**
 * Descriptors inherited from the parent. They have no close-on-exec flag, so every program started
 * here would inherit them, too, and keep a listening socket open after this process has exited.
 */
import { libc } from "../../sys/libc.ts";
import { F, fdCloexec } from "../../sys/descriptor_flags.ts";

/** Without /proc, inherited descriptors are searched for below this number. */
const scanMax = 1024;

/**
 * Sets close-on-exec on every descriptor above 2; returns those that did not have it. Each serving
 * mode calls it before it starts a process or runs the user's code. Afterwards a child inherits only
 * the descriptors of its `SpawnRequest`, which `spawn` copies in the child, so that concurrent starts
 * cannot leak descriptors to each other.
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
    // Without /proc: `sealInherited` skips numbers that are not open, because fcntl(2) fails.
    return Array.from({ length: scanMax }, (_, fd) => fd);
  }
}

/** Sets close-on-exec: only a start that lists the descriptor passes it on. */
export function keepFromChildren(fd: number): void {
  libc.fcntl(fd, F.setfd, fdCloexec);
}

/** True when children do not inherit the descriptor by default. */
export function isKeptFromChildren(fd: number): boolean {
  const flags = libc.fcntl(fd, F.getfd, 0);
  return flags >= 0 && (flags & fdCloexec) !== 0;
}
