/**
 * The pid file: held by flock(2) as long as its owner lives, so that a live one is never taken over
 * and a stale one is no obstacle, whatever number stands in it.
 */
import { StartError } from "../base/errors.ts";
import { errno, libc } from "../sys/libc.ts";
import { errnoPhrase } from "../sys/errno.ts";
import { cString, libcProcess, LOCK, O } from "../sys/libc_process.ts";

/** A pid file that this process holds. */
export class PidFile {
  #fd: number;

  private constructor(readonly path: string, fd: number) {
    this.#fd = fd;
  }

  /**
   * Takes the file and writes our pid to it. Throws `StartError` when a live process holds it, whose
   * pid it names; the file is left as it was.
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
      // The last owner may have unlinked the file between our open and our lock.
      if (!isSameFile(fd, path)) {
        libc.close(fd);
        continue;
      }
      Deno.writeTextFileSync(path, `${Deno.pid}\n`);
      return new PidFile(path, fd);
    }
  }

  /** Removes the file, then lets go of the lock: whoever waits for the lock finds us really gone. */
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

/** Of pid_t. A larger number would be cut to 32 bits, and name some other process. */
const pidMax = 0x7fffffff;

/** The pid that stands in the file, or null where there is no file or no pid in it. */
export function readPid(path: string): number | null {
  const text = readIfThere(path);
  return text === null ? null : parsePid(text);
}

/** The pid in the first line; null: there is none. */
export function parsePid(text: string): number | null {
  const match = /^\s*(\d+)\s*$/.exec(text.split("\n")[0]);
  const pid = match === null ? 0 : Number(match[1]);
  return pid >= 1 && pid <= pidMax ? pid : null;
}

/** True when a live process holds the lock of the file. */
export function isHeld(path: string): boolean {
  const fd = libcProcess.open(cString(path), O.rdwr | O.cloexec, 0);
  if (fd < 0) return false;
  const held = libcProcess.flock(fd, LOCK.exclusive | LOCK.nonblocking) !== 0;
  libc.close(fd);
  return held;
}

/** Resolves when the holder has let go of the file, at once when nobody holds it. */
export async function waitForRelease(path: string): Promise<void> {
  const fd = libcProcess.open(cString(path), O.rdwr | O.cloexec, 0);
  if (fd < 0) return;
  await libcProcess.flock_parked(fd, LOCK.exclusive);
  libc.close(fd);
}

/** The file's text, or null where there is none. Throws `StartError` when it cannot be read. */
export function readIfThere(path: string): string | null {
  try {
    return Deno.readTextFileSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw new StartError(`cannot read ${path}: ${(error as Error).message}`, 1, { cause: error });
  }
}

/** Unlinks the file; one that is gone already is fine. */
export function removeIfThere(path: string): void {
  try {
    Deno.removeSync(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}
