/** Boards in memory shared by a master and its workers: which row is whose. */
import { StartError } from "../../base/errors.ts";
import { libc } from "../../sys/libc.ts";
import type { MemoryFile } from "../../sys/memory_file.ts";
import { mapFile } from "../../sys/shared_memory.ts";
import type { PassedDescriptor } from "../children/spawn.ts";
import type { Variables } from "../environment.ts";

/** The rows of a board, which its master assigns. */
export class BoardRows {
  readonly #count: number;
  readonly #taken = new Set<number>();

  constructor(count: number) {
    this.#count = count;
  }

  /** Those that are assigned. */
  get taken(): Iterable<number> {
    return this.#taken;
  }

  /** The first free row; -1: there is none. */
  take(): number {
    for (let row = 0; row < this.#count; row++) {
      if (this.#taken.has(row)) continue;
      this.#taken.add(row);
      return row;
    }
    return -1;
  }

  /** False: it was not assigned. */
  giveBack(row: number): boolean {
    return this.#taken.delete(row);
  }
}

/** What a worker needs to open its row. */
export interface PassedRow {
  readonly variables: Variables;
  readonly descriptors: readonly PassedDescriptor[];
}

/** Of a worker that has no row. */
export const noRow: PassedRow = { variables: {}, descriptors: [] };

/**
 * Passes the board as descriptor `number` of the worker, with the environment variable `name`. A path
 * would not do: a process that was root lets no other look into its /proc (PR_SET_DUMPABLE).
 */
export function passRow(name: string, file: MemoryFile, row: number, number: number): PassedRow {
  return {
    variables: { [name]: `${number}#${row}` },
    descriptors: [{ ours: file.fd, number }],
  };
}

/** A worker's own row, and the whole board. */
export interface OpenedRow {
  readonly memory: ArrayBuffer;
  readonly row: number;
}

/**
 * Opens the board that the environment variable `name` gives as `DESCRIPTOR#ROW` or `PATH#ROW`, and
 * closes the descriptor. Throws `StartError` for anything else: rows are written to, and a file that
 * is shorter than `bytes` would end in SIGBUS.
 */
export function openBoardRow(
  name: string,
  value: string,
  rowCount: number,
  bytes: number,
): OpenedRow {
  const [, descriptor, place, row] = /^(?:(\d{1,9})|(\/.*))#(\d{1,4})$/.exec(value) ?? [];
  const path = descriptor === undefined ? place : `/proc/self/fd/${descriptor}`;
  if (row === undefined || Number(row) >= rowCount || !isBoard(path, bytes)) {
    const found = JSON.stringify(value.slice(0, 200));
    throw new StartError(`${name}: found ${found}, expected DESCRIPTOR#ROW or PATH#ROW of a board`);
  }
  const memory = mapFile(path, bytes);
  if (descriptor !== undefined) libc.close(Number(descriptor));
  return { memory, row: Number(row) };
}

function isBoard(path: string, bytes: number): boolean {
  try {
    const { isFile, size } = Deno.statSync(path);
    return isFile && size === bytes;
  } catch {
    // Missing or not accessible.
    return false;
  }
}
