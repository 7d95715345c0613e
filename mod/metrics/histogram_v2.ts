/**
 * HdrHistogram's V2 format, compressed and in base64, as exchanged by its plotters, mergers and
 * other load generators (AbstractHistogram.encodeIntoCompressedByteBuffer).
 *
 * Layout, big-endian: cookie, length of the payload, normalizing offset, digits (each 4 bytes),
 * lowest and highest value, ratio (each 8 bytes), then the counters as ZigZag LEB128 numbers, where
 * a negative one is a run of zeros. This is wrapped in a cookie, the length and a zlib stream.
 */
import { counterCount, highestTrackableUs, Histogram, significantDigits } from "./histogram.ts";

const plainCookie = 0x1c849303 | 0x10;
const compressedCookie = 0x1c849304 | 0x10;
const headerBytes = 40;
/** Longest encoded number: the ninth byte carries eight bits, so nine hold 64. */
const numberBytesMax = 9;
/** More than a histogram of our layout can take: a zlib stream of some kilobytes may hold gigabytes. */
const plainBytesMax = headerBytes + counterCount * numberBytesMax;

/** The histogram as base64 text. */
export async function encodeHistogram(histogram: Histogram): Promise<string> {
  const plain = encodePlain(histogram);
  const compressed = await deflate(plain);
  const framed = new Uint8Array(8 + compressed.length);
  const view = new DataView(framed.buffer);
  view.setInt32(0, compressedCookie);
  view.setInt32(4, compressed.length);
  framed.set(compressed, 8);
  return framed.toBase64();
}

/**
 * Reads base64 text that this module or another HdrHistogram wrote.
 * Throws `SyntaxError` if it is malformed or its layout differs from ours (1 us to 1 h, 3 digits).
 */
export async function decodeHistogram(text: string): Promise<Histogram> {
  const framed = fromBase64(text);
  if (framed.length < 8) throw new SyntaxError("Cannot decode the histogram: it is too short");
  const view = new DataView(framed.buffer, framed.byteOffset, framed.byteLength);
  const length = view.getInt32(4);
  if (view.getInt32(0) !== compressedCookie || length < 0 || length > framed.length - 8) {
    throw new SyntaxError("Cannot decode the histogram: it is not a compressed V2 histogram");
  }
  let plain: Uint8Array | null;
  try {
    plain = await inflate(framed.slice(8, 8 + length), plainBytesMax);
  } catch (cause) {
    throw new SyntaxError("Cannot decode the histogram: its zlib stream is broken", { cause });
  }
  if (plain === null) {
    throw new SyntaxError(
      `Cannot decode the histogram: it unpacks to more than ${plainBytesMax} bytes`,
    );
  }
  return decodePlain(plain);
}

function encodePlain(histogram: Histogram): Uint8Array<ArrayBuffer> {
  const slots = histogram.slots;
  let used = counterCount;
  while (used > 0 && slots[used - 1] === 0) used--;
  const bytes = new Uint8Array(headerBytes + used * numberBytesMax);
  const view = new DataView(bytes.buffer);
  view.setInt32(0, plainCookie);
  view.setInt32(8, 0);
  view.setInt32(12, significantDigits);
  view.setBigInt64(16, 1n);
  view.setBigInt64(24, BigInt(highestTrackableUs));
  view.setFloat64(32, 1);
  let position = headerBytes;
  for (let index = 0; index < used;) {
    let zeros = 0;
    while (index < used && slots[index] === 0) {
      zeros++;
      index++;
    }
    if (zeros > 0) position = writeNumber(bytes, position, BigInt(-zeros));
    if (index < used) position = writeNumber(bytes, position, BigInt(slots[index++]));
  }
  view.setInt32(4, position - headerBytes);
  return bytes.slice(0, position);
}

function writeNumber(bytes: Uint8Array, position: number, value: bigint): number {
  let rest = BigInt.asUintN(64, (value << 1n) ^ (value >> 63n));
  for (let count = 1; count < numberBytesMax && rest > 0x7fn; count++) {
    bytes[position++] = Number(rest & 0x7fn) | 0x80;
    rest >>= 7n;
  }
  bytes[position++] = Number(rest);
  return position;
}

function decodePlain(bytes: Uint8Array): Histogram {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < headerBytes || view.getInt32(0) !== plainCookie) {
    throw new SyntaxError("Cannot decode the histogram: its inner cookie is not V2");
  }
  const lowest = view.getBigInt64(16);
  const highest = Number(view.getBigInt64(24));
  if (view.getInt32(12) !== significantDigits || lowest !== 1n || view.getInt32(8) !== 0) {
    throw new SyntaxError(
      "Cannot decode the histogram: its lowest value must be 1 and its digits 3",
    );
  }
  const end = headerBytes + view.getInt32(4);
  if (end < headerBytes || end > bytes.length) {
    throw new SyntaxError("Cannot decode the histogram: it is cut off");
  }
  const histogram = new Histogram();
  readCounters(bytes, end, histogram);
  // The format does not carry the exact maximum; a caller that knows it calls `setMax` again.
  histogram.setMax(Math.min(histogram.maxUs, highest));
  return histogram;
}

function readCounters(bytes: Uint8Array, end: number, histogram: Histogram): void {
  let position = headerBytes;
  let index = 0;
  while (position < end) {
    let raw = 0n;
    let shift = 0n;
    for (let count = 1;; count++) {
      const byte = bytes[position++];
      // The ninth byte carries eight bits.
      const last = count === numberBytesMax;
      raw |= BigInt(last ? byte : byte & 0x7f) << shift;
      shift += 7n;
      if (last || byte < 0x80) break;
      if (position >= end) throw new SyntaxError("Cannot decode the histogram: it is cut off");
    }
    const value = Number((raw >> 1n) ^ -(raw & 1n));
    if (value < 0) index -= value;
    else {
      if (index >= counterCount) {
        throw new SyntaxError("Cannot decode the histogram: it holds values above one hour");
      }
      histogram.restore(index++, value);
    }
  }
}

function fromBase64(text: string): Uint8Array {
  try {
    return Uint8Array.fromBase64(text.trim());
  } catch (cause) {
    throw new SyntaxError("Cannot decode the histogram: it is not base64", { cause });
  }
}

async function deflate(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
  const stream = new Blob([bytes]).stream().pipeThrough(new CompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** What the zlib stream holds; null as soon as that is more than `bytesMax`. Throws when it is broken. */
async function inflate(
  bytes: Uint8Array<ArrayBuffer>,
  bytesMax: number,
): Promise<Uint8Array | null> {
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  let length = 0;
  // Leaving the loop cancels the stream.
  for await (const chunk of stream) {
    length += chunk.length;
    if (length > bytesMax) return null;
    chunks.push(chunk);
  }
  return new Uint8Array(await new Blob(chunks).arrayBuffer());
}
