import type { LineBuffer } from "./line_buffer.ts";

/**
 * The destination of log lines. A line is written into `buffer`, then `endLine` is called; the sink
 * decides when to send the bytes. An open sink never throws, because a log that cannot be written
 * must not end the program.
 */
export interface Sink {
  readonly buffer: LineBuffer;
  /** Called when `buffer` ends with a complete line. */
  endLine(): void;
  /** Sends everything as soon as the receiver accepts it. */
  flush(): void;
  /** Reopens the file (USR1), or restarts the command. */
  reopen(): void;
  /** Sends everything and releases the sink's resources. */
  close(): Promise<void>;
  /** Lines dropped because the receiver was too slow or gone. */
  readonly droppedCount: number;
}

/** Receives errors of a sink, as one line each. Must not write to that sink. */
export type SinkComplaint = (message: string) => void;

/** Number of buffered bytes at which they are written. */
export const flushBytes = 64 * 1024;
/** Maximum delay of a line in milliseconds. */
export const flushMs = 1000;
/** Bytes queued for a slow reader; further whole lines are dropped. */
export const pendingBytesMax = 1024 * 1024;

/** Counts the line feeds in a buffer that is about to be dropped. */
export function countLines(bytes: Uint8Array): number {
  let count = 0;
  for (let at = bytes.indexOf(10); at >= 0; at = bytes.indexOf(10, at + 1)) count += 1;
  return count;
}
