/**
 * Moves a log file away when it is old or large enough, as Tengine's `pipe:rollback` does.
 *
 * Several worker processes append to one file. Whoever finds it due takes a lock, looks again, and
 * renames; the others notice at their next write that the name leads to another file.
 */

export interface RotationRule {
  /** 0: not by time. Turns fall on multiples of it in local time. */
  readonly intervalMs: number;
  /** 0: not by size. */
  readonly bytesMax: number;
  /** Old files that are kept, as PATH.1 (newest) to PATH.N. At least 1. */
  readonly backupCount: number;
  /** A turn by time comes up to this much later, by chance, so that hosts do not turn together. */
  readonly adjustMs: number;
}

export class Rotation {
  #dueMs: number;

  constructor(
    readonly rule: RotationRule,
    private readonly now: () => number = Date.now,
    private readonly random: () => number = Math.random,
  ) {
    this.#dueMs = this.#nextDueMs();
  }

  /** Renames when due. True: `path` no longer leads to `file`, open it again. Throws what the file system throws. */
  turn(path: string, file: Deno.FsFile): boolean {
    if (!leadsTo(path, file)) return this.#turned();
    if (!this.#isDue(file)) return false;
    const lock = Deno.openSync(`${path}.lock`, { create: true, write: true });
    try {
      lock.lockSync(true);
      if (leadsTo(path, file)) this.#shift(path);
    } finally {
      lock.close();
    }
    return this.#turned();
  }

  #turned(): true {
    this.#dueMs = this.#nextDueMs();
    return true;
  }

  #isDue(file: Deno.FsFile): boolean {
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

  #shift(path: string): void {
    for (let number = this.rule.backupCount - 1; number >= 1; number--) {
      renameIfThere(`${path}.${number}`, `${path}.${number + 1}`);
    }
    renameIfThere(path, `${path}.1`);
  }
}

function leadsTo(path: string, file: Deno.FsFile): boolean {
  try {
    const named = Deno.statSync(path);
    const open = file.statSync();
    return named.ino === open.ino && named.dev === open.dev;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

function renameIfThere(from: string, to: string): void {
  try {
    Deno.renameSync(from, to);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}
