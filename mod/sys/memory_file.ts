/**
 * Files in memory (memfd_create(2)): they need no writable directory, leave no file behind, and are
 * opened through /proc.
 */
import { O } from "./descriptor_flags.ts";
import { libc } from "./libc.ts";
import { cString, libcProcess } from "./libc_process.ts";

const MFD = { cloexec: 1, noexecSeal: 8, exec: 16 } as const;
const prGetDumpable = 3;

/** An open file without a name. It exists until `close`, and longer if others have it open. */
export class MemoryFile {
  constructor(readonly fd: number) {}

  /** Path to open the file within this process. */
  get path(): string {
    return `/proc/self/fd/${this.fd}`;
  }

  /**
   * Path for this process and others of the same user, valid while this process has the file open.
   */
  get sharedPath(): string {
    return `/proc/${Deno.pid}/fd/${this.fd}`;
  }

  close(): void {
    libc.close(this.fd);
  }
}

/**
 * Creates an empty file; `name` is visible only in /proc. null if not possible: without /proc, or
 * on a kernel without the call.
 */
export function openMemoryFile(name: string): MemoryFile | null {
  const label = cString(name);
  // Kernels before 6.3 do not know the flag; later ones may require it (vm.memfd_noexec).
  let fd = libcProcess.memfd_create(label, MFD.cloexec | MFD.noexecSeal);
  if (fd < 0) fd = libcProcess.memfd_create(label, MFD.cloexec);
  if (fd < 0) return null;
  const file = new MemoryFile(fd);
  if (isThere(file.path)) return file;
  file.close();
  return null;
}

/**
 * A file in memory that holds `program` and can be run by its `path` while it is open; null where
 * that is not possible or not allowed (vm.memfd_noexec).
 */
export function openProgramFile(name: string, program: Uint8Array): MemoryFile | null {
  const label = cString(name);
  // Kernels before 6.3 do not know the flag; later ones may require it.
  let fd = libcProcess.memfd_create(label, MFD.cloexec | MFD.exec);
  if (fd < 0) fd = libcProcess.memfd_create(label, MFD.cloexec);
  if (fd < 0) return null;
  const writable = new MemoryFile(fd);
  try {
    if (!isThere(writable.path)) return null;
    Deno.writeFileSync(writable.path, program);
    // A file that is open for writing cannot be run (execve(2), ETXTBSY).
    const readable = libcProcess.open(cString(writable.path), O.cloexec, 0);
    return readable < 0 ? null : new MemoryFile(readable);
  } finally {
    writable.close();
  }
}

/**
 * Like `openMemoryFile`, for `sharedPath`: null also if /proc hides our descriptors from other
 * processes.
 */
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
    // Missing or forbidden: not usable either way.
    return false;
  }
}
