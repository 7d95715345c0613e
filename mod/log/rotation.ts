/**
 * Rotates a log file by age and size, as Tengine's `pipe:rollback` does.
 *
 * Several worker processes append to one file. The first to find it due takes a lock, checks again,
 * and renames; the others notice at their next write that the path is another file.
 */
import { shiftBackups } from "../base/shift_backups.ts";
import { type LogFile, type LogFiles, ownLogFiles } from "./log_file.ts";

export interface RotationRule {
  /** 0: not by time. Rotations fall on multiples of it in local time. */
  readonly intervalMs: number;
  /** 0: not by size. */
  readonly bytesMax: number;
  /** Number of old files kept, PATH.1 (newest) to PATH.N. At least 1. */
  readonly backupCount: number;
  /** Maximum random delay of a rotation by time, so that hosts do not rotate simultaneously. */
  readonly adjustMs: number;
}

export class Rotation {
  #dueMs: number;

  constructor(
    readonly rule: RotationRule,
    private readonly now: () => number = Date.now,
    private readonly random: () => number = Math.random,
    private readonly files: LogFiles = ownLogFiles,
  ) {
    this.#dueMs = this.#nextDueMs();
  }

  /** Renames when due. True: reopen, `path` is no longer `file`. Throws file system errors. */
  turn(path: string, file: LogFile): boolean {
    if (leadsTo(path, file) === false) return this.#turned();
    if (!this.#isDue(file)) return false;
    try {
      this.#shift(path, file);
    } catch (error) {
      const isRefused = error instanceof Deno.errors.PermissionDenied;
      if (!isRefused || !this.files.rotate(path, this.rule.backupCount, file.statSync())) {
        throw error;
      }
    }
    return this.#turned();
  }

  #turned(): true {
    this.#dueMs = this.#nextDueMs();
    return true;
  }

  #isDue(file: LogFile): boolean {
    const { bytesMax } = this.rule;
    if (bytesMax > 0 && file.statSync().size >= bytesMax) return true;
    return this.now() >= this.#dueMs;
  }

  #nextDueMs(): number {
    const { intervalMs, adjustMs } = this.rule;
    if (intervalMs === 0) return Infinity;
    const now = this.now();
    const zoneMs = new Date(now).getTimezoneOffset() * -60_000;
    const turn = (Math.floor((now + zoneMs) / intervalMs) + 1) * intervalMs - zoneMs;
    return turn + Math.floor(this.random() * adjustMs);
  }

  #shift(path: string, file: LogFile): void {
    const lock = Deno.openSync(`${path}.lock`, { create: true, write: true });
    try {
      lock.lockSync(true);
      if (leadsTo(path, file) !== false) shiftBackups(path, this.rule.backupCount);
    } finally {
      lock.close();
    }
  }
}

/** null: this process may not look. */
function leadsTo(path: string, file: LogFile): boolean | null {
  try {
    const named = Deno.statSync(path);
    const open = file.statSync();
    return named.ino === open.ino && named.dev === open.dev;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    if (error instanceof Deno.errors.PermissionDenied) return null;
    throw error;
  }
}
