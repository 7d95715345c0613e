/** Boards in memory shared by a master and its workers: which row is whose. */
import { StartError } from "../../base/errors.ts";
import { mapFile } from "../../sys/shared_memory.ts";

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

/** A worker's own row, and the whole board. */
export interface OpenedRow {
  readonly memory: ArrayBuffer;
  readonly row: number;
}

/**
 * Opens the board that the environment variable `name` gives as `PATH#ROW`. Throws `StartError` for
 * anything else: rows are written to, and a file that is shorter than `bytes` would end in SIGBUS.
 */
export function openBoardRow(
  name: string,
  value: string,
  rowCount: number,
  bytes: number,
): OpenedRow {
  const match = /^(.+)#(\d{1,4})$/.exec(value);
  if (match === null || Number(match[2]) >= rowCount || !isBoard(match[1], bytes)) {
    const found = JSON.stringify(value.slice(0, 200));
    throw new StartError(`${name}: found ${found}, expected PATH#ROW of a board`);
  }
  return { memory: mapFile(match[1], bytes), row: Number(match[2]) };
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
