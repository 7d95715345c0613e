/** Mutated WebSocket frames: the reader must agree with a second implementation of the rules. */
import { closePayload, decodeText, makeFrame } from "../../mod/web_socket/frames.ts";
import { type FrameHandler, FrameReader } from "../../mod/web_socket/frame_reader.ts";
import type { Random } from "./random.ts";

const messageBytesMax = 2000;
const sizes = [0, 1, 2, 5, 125, 126, 127, 300, 1000, 1999, 2000, 2001];

/** A reader's events as text. */
type Events = string[];

class Recorder implements FrameHandler {
  readonly events: Events = [];
  readonly reader = FrameReader.ofServer(this, messageBytesMax);
  onText(text: string): void {
    this.events.push(`text ${hex(new TextEncoder().encode(text))}`);
  }
  onBinary(payload: Uint8Array): void {
    this.events.push(`binary ${hex(payload)}`);
  }
  onPing(payload: Uint8Array): void {
    this.events.push(`ping ${hex(payload)}`);
  }
  onPong(): void {
    this.events.push("pong");
  }
  onCloseFrame(code: number, reason: string): void {
    this.events.push(`close ${code} ${reason}`);
  }
  onViolation(code: number): void {
    this.events.push(`violation ${code}`);
  }
}

/** Makes streams of frames, most of them valid up to some point, and checks what is read. */
export class WebSocketFuzzer {
  readonly random: Random;

  constructor(random: Random) {
    this.random = random;
  }

  /** Reads one stream as a whole and in random pieces. Throws on the first fault. */
  step(): void {
    const stream = this.makeStream();
    const expected = oracle(stream);
    const atOnce = read(stream, []);
    const pieces = read(stream, this.random.cuts(stream.length, 12));
    const single = stream.length < 200
      ? read(stream, Array.from({ length: stream.length }, (_, i) => i))
      : pieces;
    for (const events of [atOnce, pieces, single]) {
      // Text is checked once per read: with a fault in the text and another in the next frame's head,
      // either may be found first.
      const same = events.length === expected.length &&
        events.every((event, i) => event === expected[i] || bothViolations(event, expected[i]));
      if (!same) throw new Error(`read ${events.join(", ")}; expected ${expected.join(", ")}`);
    }
  }

  /** Makes some frames of a client. */
  makeStream(): Uint8Array {
    const { random } = this;
    const frames: Uint8Array[] = [];
    let isOpen = false;
    for (let count = 1 + random.below(8); count > 0; count--) {
      const isControl = random.oneIn(4);
      const isLast = isControl || random.oneIn(2);
      const opcode = isControl ? random.pick([8, 9, 9, 10]) : isOpen ? 0 : 1 + random.below(2);
      if (!isControl) isOpen = !isLast;
      frames.push(this.#frame(opcode, isLast, this.#payload(opcode)));
    }
    let stream = join(frames);
    for (let count = random.below(3); count > 0; count--) stream = this.#damage(stream);
    return stream;
  }

  #payload(opcode: number): Uint8Array {
    const { random } = this;
    if (opcode === 8 && !random.oneIn(4)) {
      return closePayload(random.pick([1000, 1001, 1004, 1005, 1006, 1011, 1015, 3000, 5000]), "é");
    }
    const size = opcode >= 8 ? random.below(126) : random.pick(sizes);
    const payload = new Uint8Array(size).map(() => 0x20 + random.below(0x5f));
    if (size > 3 && random.oneIn(3)) payload.set([0xe2, 0x82, 0xac], random.below(size - 2));
    if (size > 0 && random.oneIn(8)) payload[random.below(size)] = random.below(256);
    return payload;
  }

  #frame(opcode: number, isLast: boolean, payload: Uint8Array): Uint8Array {
    const plain = makeFrame(opcode, payload);
    const headBytes = plain.length - payload.length;
    const frame = new Uint8Array(plain.length + 4);
    frame.set(plain.subarray(0, headBytes));
    if (!isLast) frame[0] &= 0x7f;
    frame[1] |= 0x80;
    const mask = Array.from({ length: 4 }, () => this.random.below(256));
    frame.set(mask, headBytes);
    payload.forEach((byte, i) => frame[headBytes + 4 + i] = byte ^ mask[i & 3]);
    return frame;
  }

  #damage(stream: Uint8Array): Uint8Array {
    if (stream.length === 0) return stream;
    const at = this.random.below(stream.length);
    switch (this.random.below(4)) {
      case 0:
        return stream.with(at, stream[at] ^ (1 << this.random.below(8)));
      case 1:
        return stream.slice(0, at);
      case 2:
        return join([stream.subarray(0, at), stream.subarray(at + 1)]);
      default:
        return join([
          stream.subarray(0, at),
          Uint8Array.of(this.random.below(256)),
          stream.subarray(at),
        ]);
    }
  }
}

function read(stream: Uint8Array, cuts: readonly number[]): Events {
  const recorder = new Recorder();
  let at = 0;
  for (const cut of [...cuts, stream.length]) {
    // A copy that is wiped afterwards, to detect a reader that keeps a view of its input.
    const piece = stream.slice(at, cut);
    recorder.reader.push(piece, 0, piece.length);
    piece.fill(0xaa);
    at = cut;
  }
  return recorder.events;
}

/** RFC 6455 sections 5.2 to 5.5, 7.4 and 8.1, for a complete stream. */
function oracle(stream: Uint8Array): Events {
  const events: Events = [];
  let at = 0;
  let message: { opcode: number; bytes: number[] } | null = null;
  while (at < stream.length) {
    const view = new DataView(stream.buffer, stream.byteOffset + at, stream.length - at);
    if (view.byteLength < 2) return withText(events, message);
    const [first, second] = [view.getUint8(0), view.getUint8(1)];
    const opcode = first & 15;
    const isLast = first >= 128;
    const isControl = opcode >= 8;
    const isKnown = [0, 1, 2, 8, 9, 10].includes(opcode);
    const short = second & 127;
    if ((first & 0x70) > 0 || second < 128 || !isKnown) return [...events, "violation 1002"];
    if (isControl && (!isLast || short > 125)) return [...events, "violation 1002"];
    if (!isControl && (opcode === 0) === (message === null)) return [...events, "violation 1002"];
    const width = short < 126 ? 0 : short === 126 ? 2 : 8;
    if (view.byteLength < 6 + width) return withText(events, message);
    const length = width === 0
      ? BigInt(short)
      : width === 2
      ? BigInt(view.getUint16(2))
      : view.getBigUint64(2);
    const least = width === 0 ? 0n : width === 2 ? 126n : 65536n;
    if (length < least || length >= 1n << 63n) return [...events, "violation 1002"];
    if (!isControl) {
      message ??= { opcode, bytes: [] };
      if (BigInt(message.bytes.length) + length > BigInt(messageBytesMax)) {
        return [...events, "violation 1009"];
      }
    }
    const from = at + 6 + width;
    const payload = [...stream.subarray(from, from + Number(length))]
      .map((byte, i) => byte ^ stream[from - 4 + (i & 3)]);
    if (isControl) {
      const checked = withText(events, message);
      if (payload.length < Number(length) || checked !== events) return checked;
      const event = controlEvent(opcode, Uint8Array.from(payload));
      events.push(event);
      if (/^(close|violation)/.test(event)) return events;
    } else {
      message!.bytes.push(...payload);
      if (payload.length < Number(length)) return withText(events, message);
      if (isLast) {
        const bytes = Uint8Array.from(message!.bytes);
        if (message!.opcode === 1 && decodeText(bytes) === null) {
          return [...events, "violation 1007"];
        }
        events.push(`${message!.opcode === 1 ? "text" : "binary"} ${hex(bytes)}`);
        message = null;
      }
    }
    at = from + Number(length);
  }
  return withText(events, message);
}

/** At the stream's end: the text so far must be a valid prefix of UTF-8. */
function withText(events: Events, message: { opcode: number; bytes: number[] } | null): Events {
  if (message === null || message.opcode !== 1) return events;
  try {
    const decoder = new TextDecoder("utf-8", { fatal: true });
    decoder.decode(Uint8Array.from(message.bytes), { stream: true });
    return events;
  } catch {
    return [...events, "violation 1007"];
  }
}

function controlEvent(opcode: number, payload: Uint8Array): string {
  if (opcode === 9) return `ping ${hex(payload)}`;
  if (opcode === 10) return "pong";
  if (payload.length === 0) return "close 1005 ";
  const code = (payload[0] << 8) | payload[1];
  const isAllowed = payload.length > 1 &&
    ((code >= 1000 && code <= 1014 && ![1004, 1005, 1006].includes(code)) ||
      (code >= 3000 && code <= 4999));
  if (!isAllowed) return "violation 1002";
  try {
    const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
    return `close ${code} ${decoder.decode(payload.subarray(2))}`;
  } catch {
    return "violation 1007";
  }
}

function bothViolations(a: string, b: string): boolean {
  return a.startsWith("violation") && b.startsWith("violation");
}

function hex(bytes: Uint8Array): string {
  return bytes.toHex();
}

function join(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
