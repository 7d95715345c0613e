/** Parses the WebSocket frames of a peer (RFC 6455 section 5): bytes in, events out. */
import { CloseCode, decodeText, isCloseCode, Opcode } from "./frames.ts";
import { MessageBuffer, type MessageReceiver, unmask } from "./message_buffer.ts";
import type { MessageSink } from "./message_sink.ts";

/** Events of a reader, besides messages. */
export interface FrameEvents {
  onPing(payload: Uint8Array<ArrayBuffer>): void;
  onPong(): void;
  onCloseFrame(code: number, reason: string): void;
  /** The peer violated the protocol; no more input is parsed. */
  onViolation(code: number): void;
}

/** Events of a server's reader. A text or binary message is delivered whole, its fragments joined. */
export interface FrameHandler extends FrameEvents, MessageReceiver {}

/** Which side sent the frames: clients mask theirs, servers never do (section 5.1). */
export type FrameSender = "client" | "server";

/** Two bytes, up to eight of length, four of masking key. */
const headBytesMax = 14;
const controlBytesMax = 125;
const maskBytes = 4;

/**
 * Buffers incomplete input: a frame's head, a control frame's payload, and a message. Payload is
 * unmasked into the message as it arrives.
 */
export class FrameReader {
  readonly handler: FrameEvents;
  readonly messageBytesMax: number;
  readonly #head = new Uint8Array(headBytesMax);
  #headLength = 0;
  #headNeeded = 2;
  readonly #control = new Uint8Array(controlBytesMax);
  /** Of the current frame; zero when frames are not masked. */
  readonly #mask = new Uint8Array(maskBytes);
  readonly #message: MessageSink;
  /** The bit of a head's second byte that every frame has, and the bytes of its key. */
  readonly #maskBit: number;
  readonly #keyBytes: number;
  /** Bytes of the current frame's payload received, and in total; -1: its head is incomplete. */
  #payloadLength = 0;
  #payloadSize = -1;
  #isOver = false;

  /**
   * Reads the frames that `sender` sends; `sink` gets the payload of messages. A message larger than
   * `messageBytesMax` is a violation with code 1009.
   */
  constructor(
    handler: FrameEvents,
    sink: MessageSink,
    messageBytesMax: number,
    sender: FrameSender,
  ) {
    this.handler = handler;
    this.#message = sink;
    this.messageBytesMax = messageBytesMax;
    this.#maskBit = sender === "client" ? 0x80 : 0;
    this.#keyBytes = sender === "client" ? maskBytes : 0;
  }

  /** A server's reader, which joins whole messages. */
  static ofServer(handler: FrameHandler, messageBytesMax: number): FrameReader {
    return new FrameReader(handler, new MessageBuffer(handler), messageBytesMax, "client");
  }

  push(bytes: Uint8Array, start: number, end: number): void {
    let at = start;
    while (at < end && !this.#isOver) {
      at = this.#payloadSize < 0 ? this.#takeHead(bytes, at, end) : this.#take(bytes, at, end);
    }
    if (!this.#isOver) this.#checkText();
    if (this.#isOver) this.#message.drop();
  }

  /** Ignores further input, because the socket is closed. */
  stop(): void {
    this.#isOver = true;
  }

  /** Refuses invalid text as soon as it is detected (section 8.1), not at the message's end. */
  #checkText(): boolean {
    if (this.#message.check()) return true;
    this.#violate(CloseCode.invalidData);
    return false;
  }

  #takeHead(bytes: Uint8Array, start: number, end: number): number {
    let at = start;
    const head = this.#head;
    while (at < end && this.#headLength < this.#headNeeded) {
      head[this.#headLength++] = bytes[at++];
      if (this.#headLength !== 2) continue;
      if (!this.#judgeStart(head[0], head[1])) return this.#violate(CloseCode.protocol, end);
      const length = head[1] & 0x7f;
      this.#headNeeded = 2 + this.#keyBytes + (length === 126 ? 2 : length === 127 ? 8 : 0);
    }
    if (this.#headLength < this.#headNeeded) return at;
    const code = this.#beginPayload();
    return code === 0 ? at : this.#violate(code, end);
  }

  /** Whether a frame may begin with these two bytes at this point. */
  #judgeStart(first: number, second: number): boolean {
    // No extension is negotiated, so reserved bits are 0.
    if ((first & 0x70) !== 0 || (second & 0x80) !== this.#maskBit) return false;
    const opcode = first & 0x0f;
    if (opcode >= Opcode.close) {
      return opcode <= Opcode.pong && (first & 0x80) !== 0 && (second & 0x7f) <= controlBytesMax;
    }
    return opcode <= Opcode.binary && this.#message.isOpen === (opcode === Opcode.continuation);
  }

  /** Starts the payload after a complete head. Returns 0, or the close code of an error. */
  #beginPayload(): number {
    const head = this.#head;
    const width = this.#headNeeded - 2 - this.#keyBytes;
    let size = head[1] & 0x7f;
    if (width > 0) {
      size = 0;
      for (let i = 2; i < 2 + width; i++) size = size * 256 + head[i];
      // The shortest form is required, and the highest bit must be 0 (section 5.2).
      if (size < (width === 2 ? 126 : 65_536) || (width === 8 && head[2] >= 0x80)) {
        return CloseCode.protocol;
      }
    }
    for (let i = 0; i < this.#keyBytes; i++) this.#mask[i] = head[2 + width + i];
    const opcode = head[0] & 0x0f;
    if (opcode < Opcode.close) {
      if (opcode !== Opcode.continuation) this.#message.begin(opcode === Opcode.text);
      const isTooLarge = size + this.#message.length > this.messageBytesMax;
      if (isTooLarge || !this.#message.beginFragment()) return CloseCode.tooBig;
    }
    this.#payloadSize = size;
    this.#payloadLength = 0;
    this.#headLength = 0;
    this.#headNeeded = 2;
    if (size === 0) this.#endFrame();
    return 0;
  }

  #take(bytes: Uint8Array, start: number, end: number): number {
    const rest = this.#payloadSize - this.#payloadLength;
    const to = Math.min(end, start + rest);
    const phase = this.#payloadLength;
    const isLast = this.#head[0] >= 0x80;
    if ((this.#head[0] & 0x0f) >= Opcode.close) {
      unmask(bytes, start, to, this.#mask, phase, this.#control, phase);
    } else {
      this.#message.append(bytes, start, to, this.#mask, phase, isLast ? rest : Infinity);
    }
    this.#payloadLength += to - start;
    if (this.#payloadLength === this.#payloadSize) this.#endFrame();
    return to;
  }

  #endFrame(): void {
    const opcode = this.#head[0] & 0x0f;
    const isLast = this.#head[0] >= 0x80;
    const size = this.#payloadSize;
    this.#payloadSize = -1;
    if (opcode >= Opcode.close) {
      if (this.#checkText()) this.#endControl(opcode, this.#control.slice(0, size));
      return;
    }
    if (isLast && !this.#message.end()) this.#violate(CloseCode.invalidData);
  }

  #endControl(opcode: number, payload: Uint8Array<ArrayBuffer>): void {
    if (opcode === Opcode.ping) return this.handler.onPing(payload);
    if (opcode === Opcode.pong) return this.handler.onPong();
    const code = payload.length === 0 ? CloseCode.noStatus : (payload[0] << 8) | payload[1];
    if (payload.length > 0 && !isCloseCode(code)) return void this.#violate(CloseCode.protocol);
    const reason = decodeText(payload.subarray(2));
    if (reason === null) return void this.#violate(CloseCode.invalidData);
    this.#isOver = true;
    this.handler.onCloseFrame(code, reason);
  }

  #violate(code: number, at = 0): number {
    this.#isOver = true;
    this.handler.onViolation(code);
    return at;
  }
}
