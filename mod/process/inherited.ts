/** Descriptors and processes that were there before us. */
import { libc } from "../sys/libc.ts";
import { F, fdCloexec } from "../sys/libc_process.ts";

/** Descriptors above 2 without CLOEXEC: our own parent gave us these, and our children get them. */
export function passedThroughDescriptors(): number[] {
  const numbers: number[] = [];
  for (const { name } of Deno.readDirSync("/proc/self/fd")) {
    const fd = Number(name);
    const flags = libc.fcntl(fd, F.getfd, 0);
    if (fd > 2 && flags >= 0 && (flags & fdCloexec) === 0) numbers.push(fd);
  }
  return numbers.sort((left, right) => left - right);
}

/** When a process started, in clock ticks since boot: with the pid it names a process for good. */
export function startTimeOf(pid: number): string | null {
  try {
    const stat = Deno.readTextFileSync(`/proc/${pid}/stat`);
    // The second field is the program's name in brackets, which may hold blanks and brackets.
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
  } catch {
    // No such process.
    return null;
  }
}
