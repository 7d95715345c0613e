/** The buffer that a section's fields are offsets into, and where lines are put together. */
export interface LineScratch {
  /** Replaced when it grows: offsets stay the same. */
  readonly bytes: Uint8Array;
  /** Offset at which the next byte is appended. */
  readonly length: number;
  /** Ensures room for `count` bytes. */
  reserve(count: number): void;
  /** Appends a copy of `[start, end)` of this buffer; there is room. */
  append(start: number, end: number): void;
  /** Appends one byte; there is room. */
  appendByte(byte: number): void;
}
