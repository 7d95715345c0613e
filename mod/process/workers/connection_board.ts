/**
 * How many connections each worker of one master has open, in memory that they share. A worker takes
 * of a queue of new connections what makes it equal to the others: the kernel alone wakes the same
 * worker as long as it keeps up, and connections that are kept open stay where they are.
 */
import { type MemoryFile, openMemoryFile } from "../../sys/memory_file.ts";
import { mapFile } from "../../sys/shared_memory.ts";
import { dropVariable, getVariable } from "../environment.ts";
import { BoardRows, noRow, openBoardRow, type PassedRow, passRow } from "./board_rows.ts";

/** Environment variable of a worker: the board and the worker's row; see `openBoardRow`. */
const boardVariable = "HAYATE_CONNECTIONS";

const rowCount = 1024;
const boardBytes = 4 * rowCount;
/** In the row of a worker that accepts nothing, and of none. */
const absent = -1;

/** The master's side: creates the board and assigns rows. */
export class ConnectionBoard {
  readonly #file: MemoryFile | null = openMemoryFile("hayate-connections");
  readonly #rows: Int32Array | null = null;
  readonly #assigned = new BoardRows(rowCount);

  constructor() {
    if (this.#file === null) return;
    Deno.truncateSync(this.#file.path, boardBytes);
    this.#rows = new Int32Array(mapFile(this.#file.path, boardBytes)).fill(absent);
  }

  /** A free row; -1: there is none, and the worker takes whatever the kernel wakes it for. */
  take(): number {
    return this.#rows === null ? -1 : this.#assigned.take();
  }

  /** The worker of the row has ended. */
  giveBack(row: number): void {
    if (this.#assigned.giveBack(row)) this.#rows![row] = absent;
  }

  /** For the row's worker, which gets the board as descriptor `number`. */
  pass(row: number, number: number): PassedRow {
    return row < 0 || this.#file === null ? noRow : passRow(boardVariable, this.#file, row, number);
  }

  close(): void {
    this.#file?.close();
  }
}

/** A worker's own row, and the view of the others': what a listener of the reactor takes as `share`. */
export class ConnectionRow {
  readonly #rows: Int32Array;
  readonly #own: number;
  #openCount = 0;
  /** Listeners that accept. */
  #acceptingCount = 0;

  constructor(rows: Int32Array, own: number) {
    this.#rows = rows;
    this.#own = own;
    this.#write();
  }

  startAccepting(): void {
    this.#acceptingCount++;
    this.#write();
  }

  stopAccepting(): void {
    this.#acceptingCount--;
    this.#write();
  }

  opened(): void {
    this.#openCount++;
    this.#write();
  }

  closed(): void {
    this.#openCount--;
    this.#write();
  }

  get workerCount(): number {
    let count = 0;
    for (let row = 0; row < rowCount; row++) if (this.#rows[row] !== absent) count++;
    return count;
  }

  /** Rounded up, so that the worker with the fewest connections always takes one. */
  of(waiting: number): number {
    let total = waiting;
    let workers = 0;
    for (let row = 0; row < rowCount; row++) {
      const count = this.#rows[row];
      if (count === absent) continue;
      total += count;
      workers++;
    }
    return workers === 0 ? waiting : Math.max(0, Math.ceil(total / workers) - this.#openCount);
  }

  #write(): void {
    this.#rows[this.#own] = this.#acceptingCount > 0 ? this.#openCount : absent;
  }
}

/** The row of this worker; null: it has none. Throws StartError as `openBoardRow` does. */
export function claimConnectionRow(): ConnectionRow | null {
  const value = getVariable(boardVariable);
  dropVariable(boardVariable);
  if (value === undefined) return null;
  const { memory, row } = openBoardRow(boardVariable, value, rowCount, boardBytes);
  return new ConnectionRow(new Int32Array(memory), row);
}
