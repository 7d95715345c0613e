/** WebSocket frames (RFC 6455 section 5): bytes in, events out. */

export const Opcode = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

/** Close codes of section 7.4.1 that we send ourselves. */
export const CloseCode = {
  normal: 1000,
  goingAway: 1001,
  protocol: 1002,
  noStatus: 1005,
  abnormal: 1006,
  invalidData: 1007,
  tooBig: 1009,
} as const;

/** What a reader finds. A text or binary message arrives whole, its fragments joined. */
export interface FrameHandler {
  onMessage(isText: boolean, payload: Uint8Array<ArrayBuffer>): void;
  onPing(payload: Uint8Array<ArrayBuffer>): void;
  onPong(): void;
  onCloseFrame(code: number, reason: string): void;
  /** The peer broke the protocol; nothing more is read. */
  onViolation(code: number): void;
}

/** Reads the frames that a client sends. */
export class FrameReader {
  readonly handler: FrameHandler;
  readonly messageBytesMax: number;
  #waiting = new Uint8Array(0);
  #fragments: Uint8Array<ArrayBuffer>[] = [];
  #fragmentBytes = 0;
  #opcode = 0;
  #isOver = false;

  constructor(handler: FrameHandler, messageBytesMax: number) {
    this.handler = handler;
    this.messageBytesMax = messageBytesMax;
  }

  push(bytes: Uint8Array, start: number, end: number): void {
    const joined = new Uint8Array(this.#waiting.length + end - start);
    joined.set(this.#waiting);
    joined.set(bytes.subarray(start, end), this.#waiting.length);
    let at = 0;
    while (!this.#isOver) {
      const next = this.#readFrame(joined, at);
      if (next === at) break;
      at = next;
    }
    this.#waiting = this.#isOver ? new Uint8Array(0) : joined.slice(at);
  }

  /** Returns the offset behind one frame, or `at` when it is not complete. */
  #readFrame(bytes: Uint8Array, at: number): number {
    if (bytes.length - at < 2) return at;
    const first = bytes[at];
    const second = bytes[at + 1];
    const opcode = first & 0x0f;
    const isControl = opcode >= 8;
    // No extension was agreed on, so the reserved bits are 0; clients always mask (section 5.1).
    if ((first & 0x70) !== 0 || (second & 0x80) === 0) return this.#violate(CloseCode.protocol, at);
    let length = second & 0x7f;
    let offset = at + 2;
    if (length >= 126) {
      const width = length === 126 ? 2 : 8;
      if (bytes.length < offset + width) return at;
      length = readNumber(bytes, offset, width);
      offset += width;
    }
    if (isControl && (length > 125 || (first & 0x80) === 0)) {
      return this.#violate(CloseCode.protocol, at);
    }
    if (length + this.#fragmentBytes > this.messageBytesMax) {
      return this.#violate(CloseCode.tooBig, at);
    }
    if (bytes.length < offset + 4 + length) return at;
    const payload = unmask(bytes, offset, length);
    if (isControl) this.#takeControl(opcode, payload);
    else this.#takeData(opcode, (first & 0x80) !== 0, payload);
    return offset + 4 + length;
  }

  #takeControl(opcode: number, payload: Uint8Array<ArrayBuffer>): void {
    if (opcode === Opcode.ping) return this.handler.onPing(payload);
    if (opcode === Opcode.pong) return this.handler.onPong();
    if (opcode !== Opcode.close || payload.length === 1) {
      return void this.#violate(CloseCode.protocol);
    }
    const code = payload.length === 0 ? CloseCode.noStatus : (payload[0] << 8) | payload[1];
    const reason = decodeText(payload.subarray(2));
    if (payload.length > 0 && !isCloseCode(code)) return void this.#violate(CloseCode.protocol);
    if (reason === null) return void this.#violate(CloseCode.invalidData);
    this.#isOver = true;
    this.handler.onCloseFrame(code, reason);
  }

  #takeData(opcode: number, isLast: boolean, payload: Uint8Array<ArrayBuffer>): void {
    const continues = this.#opcode !== 0;
    if (opcode > Opcode.binary || continues !== (opcode === Opcode.continuation)) {
      return void this.#violate(CloseCode.protocol);
    }
    if (!continues) this.#opcode = opcode;
    this.#fragments.push(payload);
    this.#fragmentBytes += payload.length;
    if (!isLast) return;
    const message = this.#fragments.length === 1 ? payload : this.#join();
    const isText = this.#opcode === Opcode.text;
    this.#fragments = [];
    this.#fragmentBytes = 0;
    this.#opcode = 0;
    this.handler.onMessage(isText, message);
  }

  #join(): Uint8Array<ArrayBuffer> {
    const whole = new Uint8Array(this.#fragmentBytes);
    let at = 0;
    for (const fragment of this.#fragments) {
      whole.set(fragment, at);
      at += fragment.length;
    }
    return whole;
  }

  #violate(code: number, at = 0): number {
    this.#isOver = true;
    this.handler.onViolation(code);
    return at;
  }
}

function readNumber(bytes: Uint8Array, at: number, width: number): number {
  let value = 0;
  for (let i = 0; i < width; i++) value = value * 256 + bytes[at + i];
  return value;
}

function unmask(bytes: Uint8Array, maskAt: number, length: number): Uint8Array<ArrayBuffer> {
  const payload = new Uint8Array(length);
  for (let i = 0; i < length; i++) payload[i] = bytes[maskAt + 4 + i] ^ bytes[maskAt + (i & 3)];
  return payload;
}

/** Codes that may stand in a close frame (section 7.4). */
function isCloseCode(code: number): boolean {
  if (code >= 3000) return code <= 4999;
  return code >= 1000 && code <= 1014 && code !== 1004 && code !== 1005 && code !== 1006;
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** null: not UTF-8. */
export function decodeText(bytes: Uint8Array): string | null {
  try {
    return utf8.decode(bytes);
  } catch (error) {
    if (error instanceof TypeError) return null;
    throw error;
  }
}

/** One whole frame as a server sends it: not masked. */
export function makeFrame(opcode: number, payload: Uint8Array): Uint8Array<ArrayBuffer> {
  const { length } = payload;
  const head = length < 126 ? 2 : length < 65536 ? 4 : 10;
  const frame = new Uint8Array(head + length);
  frame[0] = 0x80 | opcode;
  frame[1] = length < 126 ? length : length < 65536 ? 126 : 127;
  let rest = length;
  for (let i = head - 1; i >= 2; i--) {
    frame[i] = rest % 256;
    rest = Math.floor(rest / 256);
  }
  frame.set(payload, head);
  return frame;
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
