/**
 * The pid file, locked with flock(2) while its owner runs. So the file of a live process is never
 * replaced, and a stale file never blocks a start, whatever pid it contains.
 */
import { StartError } from "../../base/errors.ts";
import { errno, libc } from "../../sys/libc.ts";
import { errnoPhrase } from "../../sys/errno.ts";
import { O } from "../../sys/descriptor_flags.ts";
import { cString, libcProcess, LOCK } from "../../sys/libc_process.ts";
import { readIfThere, removeIfThere } from "./if_there.ts";

/** A pid file locked by this process. */
export class PidFile {
  #fd: number;

  private constructor(readonly path: string, fd: number) {
    this.#fd = fd;
  }

  /**
   * Locks the file and writes this process's pid. Throws `StartError` with the pid of the live process
   * that holds the lock, and leaves the file unchanged.
   */
  static acquire(path: string): PidFile {
    while (true) {
      const fd = libcProcess.open(cString(path), O.rdwr | O.creat | O.cloexec, 0o644);
      if (fd < 0) {
        const code = errno();
        throw new StartError(`failed to open file:${path}: ${errnoPhrase(code)}`, code);
      }
      if (libcProcess.flock(fd, LOCK.exclusive | LOCK.nonblocking) !== 0) {
        libc.close(fd);
        const pid = readPid(path);
        const holder = pid === null ? "another process" : `process ${pid}`;
        throw new StartError(`${path} is held by ${holder}, which is still running`, 1);
      }
      // The last owner may have unlinked the file between open and lock.
      if (!isSameFile(fd, path)) {
        libc.close(fd);
        continue;
      }
      Deno.writeTextFileSync(path, `${Deno.pid}\n`);
      return new PidFile(path, fd);
    }
  }

  /** Removes the file, then releases the lock, so that a waiter for the lock finds no file. */
  release(): void {
    if (this.#fd < 0) return;
    removeIfThere(this.path);
    libc.close(this.#fd);
    this.#fd = -1;
  }
}

function isSameFile(fd: number, path: string): boolean {
  const ours = Deno.statSync(`/proc/self/fd/${fd}`);
  try {
    const there = Deno.statSync(path);
    return there.ino === ours.ino && there.dev === ours.dev;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** Maximum of pid_t. A larger number would be truncated to 32 bits and mean another process. */
const pidMax = 0x7fffffff;

/** The pid in the file, or null without a file or a pid in it. */
export function readPid(path: string): number | null {
  const text = readIfThere(path);
  return text === null ? null : parsePid(text);
}

/** The pid in the first line; null without one. */
export function parsePid(text: string): number | null {
  const match = /^\s*(\d+)\s*$/.exec(text.split("\n")[0]);
  const pid = match === null ? 0 : Number(match[1]);
  return pid >= 1 && pid <= pidMax ? pid : null;
}

/** True when a live process holds the lock. */
export function isHeld(path: string): boolean {
  const fd = libcProcess.open(cString(path), O.rdwr | O.cloexec, 0);
  if (fd < 0) return false;
  const held = libcProcess.flock(fd, LOCK.exclusive | LOCK.nonblocking) !== 0;
  libc.close(fd);
  return held;
}

/** Resolves when the lock is released, at once when it is not held. */
export async function waitForRelease(path: string): Promise<void> {
  const fd = libcProcess.open(cString(path), O.rdwr | O.cloexec, 0);
  if (fd < 0) return;
  await libcProcess.flock_parked(fd, LOCK.exclusive);
  libc.close(fd);
}
