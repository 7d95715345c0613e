/**
 * The lock of a state folder: one process at a time orders. It expires, so that a host that was
 * lost does not stop renewals; on the same host the end of its process is enough.
 */

import { count, readShaped, record, type Shape, text, whole } from "../../base/shape.ts";
import { readText } from "./read_text.ts";
import { removeIfThere } from "../../process/files/if_there.ts";
import { pidSpace } from "../../process/proc.ts";

/** Above the time that one order can take (`orderMaxMs`). */
const lifeMs = 10 * 60_000;

interface Owner {
  readonly id: string;
  readonly host: string;
  /** The pid namespace: containers on the host's network have its name, but pids of their own. */
  readonly pidSpace: string;
  readonly pid: number;
  /** Epoch ms. */
  readonly untilMs: number;
}

const ownerShape: Shape = record<Owner>({
  id: text,
  host: text,
  pidSpace: text,
  pid: whole(1),
  untilMs: count,
});

export class OrderLock {
  readonly #path: string;
  readonly #id = crypto.randomUUID();

  constructor(folder: string) {
    this.#path = `${folder}/lock`;
  }

  /** False: another process has it. Throws when the folder cannot be written. */
  acquire(nowMs: number): boolean {
    if (this.#create(nowMs)) return true;
    const owner = this.#owner();
    if (owner !== null && !isOver(owner, nowMs)) return false;
    return this.#removeStale(owner) && this.#create(nowMs);
  }

  release(): void {
    if (this.#owner()?.id === this.#id) removeIfThere(this.#path);
  }

  #create(nowMs: number): boolean {
    const owner: Owner = {
      id: this.#id,
      host: Deno.hostname(),
      pidSpace: pidSpace(),
      pid: Deno.pid,
      untilMs: nowMs + lifeMs,
    };
    // Written aside and linked, so that others never read a half-written lock.
    const aside = `${this.#path}.${this.#id}`;
    Deno.writeTextFileSync(aside, JSON.stringify(owner), { mode: 0o600 });
    try {
      Deno.linkSync(aside, this.#path);
      return true;
    } catch (error) {
      if (error instanceof Deno.errors.AlreadyExists) return false;
      throw error;
    } finally {
      removeIfThere(aside);
    }
  }

  /** Takes the lock away under another name, which only one process can do. */
  #removeStale(expected: Owner | null): boolean {
    const aside = `${this.#path}.over.${this.#id}`;
    try {
      Deno.renameSync(this.#path, aside);
    } catch {
      // Another process has taken it away.
      return true;
    }
    const isExpected = readOwner(aside)?.id === expected?.id;
    // The lock was replaced in the meantime: give it back.
    if (!isExpected) linkBack(aside, this.#path);
    removeIfThere(aside);
    return isExpected;
  }

  #owner(): Owner | null {
    return readOwner(this.#path);
  }
}

function isOver({ host, pid, untilMs, ...owner }: Owner, nowMs: number): boolean {
  // A clock that was set back must not keep the lock for longer than its life.
  if (untilMs <= nowMs || untilMs > nowMs + 2 * lifeMs) return true;
  if (host !== Deno.hostname() || owner.pidSpace !== pidSpace()) return false;
  // A restarted container has its namespace again, and often its process id.
  return pid === Deno.pid || !isAlive(pid);
}

function isAlive(pid: number): boolean {
  try {
    Deno.statSync(`/proc/${pid}`);
    return true;
  } catch {
    // No such process.
    return false;
  }
}

function readOwner(path: string): Owner | null {
  const found = readText(path);
  const owner = found === null ? null : readShaped<Owner>(found, ownerShape, "the lock");
  // A damaged one has no owner.
  return owner === null || typeof owner === "string" ? null : owner.value;
}

function linkBack(from: string, to: string): void {
  try {
    Deno.linkSync(from, to);
  } catch (error) {
    // A third process has made a lock of its own.
    if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
  }
}
