import type { LineBuffer } from "./line_buffer.ts";

/**
 * Where log lines go. Lines are written into `buffer`, then `endLine` is called; the sink decides
 * when the bytes leave. Nothing here throws once the sink is open: a log that cannot be written
 * must not end the program that it describes.
 */
export interface Sink {
  readonly buffer: LineBuffer;
  /** A whole line (or several) is in `buffer` now. */
  endLine(): void;
  /** Hands everything over as soon as the other side takes it. */
  flush(): void;
  /** Opens the file again under its name (USR1), or starts the command anew. */
  reopen(): void;
  /** Hands everything over and releases what the sink holds. */
  close(): Promise<void>;
  /** Lines that were lost because the other side was too slow or gone. */
  readonly droppedCount: number;
}

/** Told about what goes wrong with a sink, in one plain line. Must not write to that sink. */
export type SinkComplaint = (message: string) => void;

/** Bytes that wait at most before they are written. */
export const flushBytes = 64 * 1024;
/** Milliseconds that a line waits at most. */
export const flushMs = 1000;
/** Bytes that may wait for a slow reader; more is dropped, whole lines at a time. */
export const pendingBytesMax = 1024 * 1024;

/** Counts the line feeds in a buffer that is about to be dropped. */
export function countLines(bytes: Uint8Array): number {
  let count = 0;
  for (let at = bytes.indexOf(10); at >= 0; at = bytes.indexOf(10, at + 1)) count += 1;
  return count;
}
