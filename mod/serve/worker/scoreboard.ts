/**
 * The state of every worker, in memory shared by master and workers. A worker writes its row with
 * plain stores, so that the request of a worker that hangs is known.
 */
import {
  BoardRows,
  noRow,
  openBoardRow,
  type PassedRow,
  passRow,
} from "../../process/workers/board_rows.ts";
import { openMemoryFile } from "../../sys/memory_file.ts";
import { mapFile } from "../../sys/shared_memory.ts";
import { metricsLength, WorkerMetrics } from "./worker_metrics.ts";
import { latin1 } from "../../http/latin1.ts";

/** Environment variable of a worker: the board and the worker's row; see `openBoardRow`. */
export const scoreboardVariable = "HAYATE_SCOREBOARD";

/** Number of rows. Further processes are started but not shown. */
export const rowCount = 2048;
export const rowBytes = 2048;

export const RowState = { free: 0, starting: 1, idle: 2, busy: 3, draining: 4 } as const;
export type RowState = typeof RowState[keyof typeof RowState];

/** Offsets in a row: 32-bit words, then two doubles, then the request's text. */
const Word = { pid: 0, state: 1, beat: 2, connections: 3, pending: 4, textBytes: 5 } as const;
const Double = { requests: 4, requestStartMs: 5 } as const;
const textOffset = 64;
/** Where a row's metrics begin. */
const metricsOffset = 1024;
/** Longer requests are truncated. */
export const requestBytesMax = metricsOffset - textOffset;

/** One row, as the master reads it. */
export interface RowReading {
  readonly pid: number;
  readonly state: RowState;
  /** Changes while the worker's event loop runs. */
  readonly beat: number;
  readonly connections: number;
  /** Handlers whose promise is pending. */
  readonly pending: number;
  readonly requests: number;
  /** Epoch milliseconds of the current or last request, 0 before the first. */
  readonly requestStartMs: number;
  /** `GET /path` of the current or last request. */
  readonly request: string;
}

/** A row that its worker writes. */
export class Row {
  readonly #words: Int32Array;
  readonly #doubles: Float64Array;
  readonly #text: Uint8Array;
  readonly metrics: WorkerMetrics;

  constructor(memory: ArrayBuffer, index: number) {
    const at = index * rowBytes;
    this.#words = new Int32Array(memory, at, 6);
    this.#doubles = new Float64Array(memory, at, 6);
    this.#text = new Uint8Array(memory, at + textOffset, requestBytesMax);
    this.metrics = new WorkerMetrics(new Float64Array(memory, at + metricsOffset, metricsLength));
  }

  /** Assigns the row to a process. */
  claim(pid: number, state: RowState): void {
    this.#words.fill(0);
    this.#doubles.fill(0);
    this.metrics.clear();
    this.#words[Word.pid] = pid;
    this.#words[Word.state] = state;
  }

  get state(): RowState {
    return this.#words[Word.state] as RowState;
  }

  set state(state: RowState) {
    this.#words[Word.state] = state;
  }

  get requests(): number {
    return this.#doubles[Double.requests];
  }

  /** Heartbeat, with the worker's gauges. */
  beat(connections: number, pending: number): void {
    this.#words[Word.beat]++;
    this.#words[Word.connections] = connections;
    this.#words[Word.pending] = pending;
  }

  /** Counts a new request and shows `[start, end)`, its method and target. */
  begin(bytes: Uint8Array, start: number, end: number, epochMs: number): void {
    this.#doubles[Double.requests]++;
    this.#doubles[Double.requestStartMs] = epochMs;
    const length = Math.min(end - start, requestBytesMax);
    const text = this.#text;
    for (let i = 0; i < length; i++) text[i] = bytes[start + i];
    this.#words[Word.textBytes] = length;
  }

  read(): RowReading {
    const words = this.#words;
    return {
      pid: words[Word.pid],
      state: words[Word.state] as RowState,
      beat: words[Word.beat],
      connections: words[Word.connections],
      pending: words[Word.pending],
      requests: this.#doubles[Double.requests],
      requestStartMs: this.#doubles[Double.requestStartMs],
      request: latin1(this.#text, 0, Math.min(words[Word.textBytes], requestBytesMax)),
    };
  }
}

/** The master's side: creates the file and assigns rows. */
export class Scoreboard {
  readonly #path: string;
  /** null: it is a file in a folder. */
  readonly #file = openMemoryFile("hayate-board");
  readonly #memory: ArrayBuffer;
  readonly #rows = new BoardRows(rowCount);
  /** The counters of the workers that have ended. */
  readonly #ended = new WorkerMetrics();
  #endedRequests = 0;

  constructor() {
    this.#path = this.#file?.path ??
      Deno.makeTempFileSync({ dir: memoryFolder(), prefix: "hayate-board-" });
    Deno.truncateSync(this.#path, rowCount * rowBytes);
    this.#memory = mapFile(this.#path, rowCount * rowBytes);
  }

  /** A free row, or -1. */
  take(): number {
    const row = this.#rows.take();
    if (row >= 0) this.row(row).claim(0, RowState.starting);
    return row;
  }

  /** For the row's worker, which gets the board as descriptor `number`. */
  pass(index: number, number: number): PassedRow {
    if (index < 0) return noRow;
    if (this.#file !== null) return passRow(scoreboardVariable, this.#file, index, number);
    return { variables: { [scoreboardVariable]: `${this.#path}#${index}` }, descriptors: [] };
  }

  giveBack(index: number): void {
    if (!this.#rows.giveBack(index)) return;
    const row = this.row(index);
    this.#ended.add(row.metrics);
    this.#endedRequests += row.requests;
    row.claim(0, RowState.free);
  }

  /** The counters of all workers so far. */
  sum(): { readonly requests: number; readonly metrics: WorkerMetrics } {
    const metrics = new WorkerMetrics();
    metrics.add(this.#ended);
    let requests = this.#endedRequests;
    for (const index of this.#rows.taken) {
      const row = this.row(index);
      metrics.add(row.metrics);
      requests += row.requests;
    }
    return { requests, metrics };
  }

  row(index: number): Row {
    return new Row(this.#memory, index);
  }

  remove(): void {
    if (this.#file === null) Deno.removeSync(this.#path);
    else this.#file.close();
  }
}

/** An in-memory file system if there is one, because rows are written constantly. */
function memoryFolder(): string {
  try {
    return Deno.statSync("/dev/shm").isDirectory ? "/dev/shm" : "/tmp";
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return "/tmp";
    throw error;
  }
}

/**
 * The worker's own row, from the value of `scoreboardVariable`; null for "". Throws `StartError` as
 * `openBoardRow` does.
 */
export function openRow(value: string): Row | null {
  if (value === "") return null;
  const { memory, row } = openBoardRow(scoreboardVariable, value, rowCount, rowCount * rowBytes);
  return new Row(memory, row);
}
