/** Descriptors that our own parent gave us. */
import { libc } from "../sys/libc.ts";
import { F, fdCloexec } from "../sys/libc_process.ts";

/** Descriptors above 2 without CLOEXEC: our children get them, too. */
export function passedThroughDescriptors(): number[] {
  const numbers: number[] = [];
  for (const { name } of Deno.readDirSync("/proc/self/fd")) {
    const fd = Number(name);
    const flags = libc.fcntl(fd, F.getfd, 0);
    if (fd > 2 && flags >= 0 && (flags & fdCloexec) === 0) numbers.push(fd);
  }
  return numbers.sort((left, right) => left - right);
}

/** From now on the descriptor stays here, unless a start names it. */
export function keepFromChildren(fd: number): void {
  libc.fcntl(fd, F.setfd, fdCloexec);
}

/** Runs `start`, whose children get none of `passedThroughDescriptors` but those that it names. */
export function withoutPassingThrough<T>(start: () => T): T {
  const numbers = passedThroughDescriptors();
  for (const fd of numbers) libc.fcntl(fd, F.setfd, fdCloexec);
  try {
    return start();
  } finally {
    for (const fd of numbers) libc.fcntl(fd, F.setfd, 0);
  }
}
