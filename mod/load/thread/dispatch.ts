import type { FailureKind } from "../plan/failure.ts";

/** Hands out a thread's work to its connections. `nowMs` is now, on the clock of `performance.now()`. */
export interface Dispatch<Connection> {
  /** Requests have a schedule, and count from when they were due. */
  readonly isOpenLoop: boolean;
  /** The run has ended; it can end within each of the calls below. */
  readonly isOver: boolean;
  /** A request got its complete response. */
  answered(connection: Connection, status: number, nowMs: number): void;
  /** Open loop: a request is done, and has no response. The connection is free. */
  settled(connection: Connection): void;
  /** `claimed` requests have failed; 0: a connect for one has. */
  failed(connection: Connection, kind: FailureKind, code: string, claimed: number): void;
  /** The connection is free, or closed: its next request, or its place in the queue. */
  next(connection: Connection, nowMs: number): void;
  /** The connection has nothing to send and may send nothing: it may have had the last request. */
  parked(): void;
  /** The connection was closed between two requests. */
  reopen(connection: Connection, nowMs: number): void;
  /** The connection may start, or restart after a wait. */
  resume(connection: Connection, nowMs: number): void;
}
