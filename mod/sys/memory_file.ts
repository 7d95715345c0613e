/**
 * Files in memory (memfd_create(2)): they need no folder that we may write to, have no name that could be left
 * behind, and are opened through /proc.
 */
import { libc } from "./libc.ts";
import { cString, libcProcess } from "./libc_process.ts";

const MFD = { cloexec: 1, noexecSeal: 8 } as const;
const prGetDumpable = 3;

/** An open file without a name. It exists until `close`, and as long as somebody else has it open. */
export class MemoryFile {
  constructor(readonly fd: number) {}

  /** Opens the file within this process. */
  get path(): string {
    return `/proc/self/fd/${this.fd}`;
  }

  /** Opens the file in this process and in others of the same user, as long as this one has it open. */
  get sharedPath(): string {
    return `/proc/${Deno.pid}/fd/${this.fd}`;
  }

  close(): void {
    libc.close(this.fd);
  }
}

/**
 * Makes an empty file; `name` shows in /proc only. null where that is not possible: without /proc, or on a kernel
 * without the call.
 */
export function openMemoryFile(name: string): MemoryFile | null {
  const label = cString(name);
  // Kernels before 6.3 do not know the flag; some later ones insist on it (vm.memfd_noexec).
  let fd = libcProcess.memfd_create(label, MFD.cloexec | MFD.noexecSeal);
  if (fd < 0) fd = libcProcess.memfd_create(label, MFD.cloexec);
  if (fd < 0) return null;
  const file = new MemoryFile(fd);
  if (isThere(file.path)) return file;
  file.close();
  return null;
}

/** As `openMemoryFile`, for `sharedPath`: null also where /proc shows our descriptors to nobody else. */
export function openSharedFile(name: string): MemoryFile | null {
  // A program with file capabilities is not dumpable (proc_pid_fd(5), prctl(2)).
  if (libcProcess.prctl(prGetDumpable, 0n, 0n, 0n, 0n) !== 1) return null;
  return openMemoryFile(name);
}

function isThere(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch {
    // Missing or forbidden: of no use either way.
    return false;
  }
}
