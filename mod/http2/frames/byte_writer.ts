/** Up to this size a loop costs less than the view that `set` needs. */
const loopBytesMax = 96;

/** Output of this codec in a buffer that is reused and grows as needed. */
export class ByteWriter {
  /** The output is in `[0, length)`. Replaced when it grows. */
  bytes: Uint8Array<ArrayBuffer>;
  length = 0;

  constructor(initialBytes = 1024) {
    this.bytes = new Uint8Array(initialBytes);
  }

  clear(): void {
    this.length = 0;
  }

  /** Ensures room for `count` more bytes. */
  reserve(count: number): void {
    const needed = this.length + count;
    if (needed <= this.bytes.length) return;
    const larger = new Uint8Array(Math.max(needed, 2 * this.bytes.length));
    larger.set(this.bytes.subarray(0, this.length));
    this.bytes = larger;
  }

  byte(value: number): void {
    this.reserve(1);
    this.bytes[this.length++] = value;
  }

  /** The 32 bits of `value`, most significant first. */
  uint32(value: number): void {
    this.reserve(4);
    writeUint32(this.bytes, this.length, value);
    this.length += 4;
  }

  /** `[start, end)` of `source`. */
  copy(source: Uint8Array, start: number, end: number): void {
    const count = end - start;
    this.reserve(count);
    copyBytes(this.bytes, this.length, source, start, end);
    this.length += count;
  }
}

/** Copies `[start, end)` of `source` to `at` of `target`, which has room. */
export function copyBytes(
  target: Uint8Array,
  at: number,
  source: Uint8Array,
  start: number,
  end: number,
): void {
  if (end - start > loopBytesMax) target.set(source.subarray(start, end), at);
  else for (let from = start; from < end; from++) target[at++] = source[from];
}

/** Writes the 32 bits of `value` at `at`, most significant first. */
export function writeUint32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 24;
  bytes[at + 1] = value >>> 16;
  bytes[at + 2] = value >>> 8;
  bytes[at + 3] = value;
}
