/** Opcodes, close codes, and frames to send (RFC 6455 sections 5 and 7). */
import { writeUtf8 } from "../base/utf8.ts";

export const Opcode = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

/** Close codes of section 7.4.1 that both sides use. */
export const CloseCode = {
  normal: 1000,
  goingAway: 1001,
  protocol: 1002,
  noStatus: 1005,
  abnormal: 1006,
  invalidData: 1007,
  tooBig: 1009,
} as const;

/** Codes that a close frame may carry (section 7.4). */
export function isCloseCode(code: number): boolean {
  if (code >= 3000) return code <= 4999;
  return code >= 1000 && code <= 1014 && code !== 1004 && code !== 1005 && code !== 1006;
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Decodes UTF-8; null when invalid. */
export function decodeText(bytes: Uint8Array): string | null {
  try {
    return utf8.decode(bytes);
  } catch (error) {
    if (error instanceof TypeError) return null;
    throw error;
  }
}

/** One complete, unmasked frame, as a server sends it. */
export function makeFrame(opcode: number, payload: Uint8Array): Uint8Array<ArrayBuffer> {
  const { length } = payload;
  const frame = new Uint8Array(headBytesOf(length) + length);
  frame.set(payload, writeHead(frame, 0, opcode, length, 0));
  return frame;
}

/** Bytes that the frame of a text of so many characters may take. */
export function textFrameBytesMax(characters: number): number {
  return headBytesMax + 3 * characters;
}

/**
 * Writes one complete, unmasked text frame at `at`, where `textFrameBytesMax` bytes have room. Returns
 * its end.
 */
export function writeTextFrame(target: Uint8Array, at: number, text: string): number {
  // Right for ASCII; other text may need a longer head.
  const guess = headBytesOf(text.length);
  const length = writeUtf8(text, target, at + guess);
  const head = headBytesOf(length);
  if (head !== guess) target.copyWithin(at + head, at + guess, at + guess + length);
  return writeHead(target, at, Opcode.text, length, 0) + length;
}

/** Bytes that a client's frame takes. */
export function maskedFrameBytes(length: number): number {
  return headBytesOf(length) + keyBytes + length;
}

/**
 * Writes a client's complete frame to the start of `target`, masked with the four bytes of `keys` from
 * `keyAt` (section 5.3). Returns its length, `maskedFrameBytes`.
 */
export function writeMaskedFrame(
  target: Uint8Array,
  opcode: number,
  payload: Uint8Array,
  keys: Uint8Array,
  keyAt: number,
): number {
  const { length } = payload;
  let at = writeHead(target, 0, opcode, length, 0x80);
  for (let i = 0; i < keyBytes; i++) target[at++] = keys[keyAt + i];
  for (let i = 0; i < length; i++) target[at + i] = payload[i] ^ keys[keyAt + (i & 3)];
  return at + length;
}

const keyBytes = 4;
/** Of a head without its key. */
const headBytesMax = 10;

/** A head without its key: the shortest form of the length is required (section 5.2). */
function headBytesOf(length: number): number {
  return length < 126 ? 2 : length < 65_536 ? 4 : 10;
}

/** Writes a head at `at`; returns its end. */
function writeHead(
  frame: Uint8Array,
  at: number,
  opcode: number,
  length: number,
  maskBit: number,
): number {
  const end = at + headBytesOf(length);
  frame[at] = 0x80 | opcode;
  frame[at + 1] = maskBit | (length < 126 ? length : length < 65_536 ? 126 : 127);
  let rest = length;
  for (let i = end - 1; i >= at + 2; i--) {
    frame[i] = rest % 256;
    rest = Math.floor(rest / 256);
  }
  return end;
}

/** The payload of a close frame. */
export function closePayload(code: number, reason: string): Uint8Array {
  if (code === CloseCode.noStatus) return new Uint8Array(0);
  const text = new TextEncoder().encode(reason).subarray(0, 123);
  const payload = new Uint8Array(2 + text.length);
  payload[0] = code >> 8;
  payload[1] = code & 0xff;
  payload.set(text, 2);
  return payload;
}
