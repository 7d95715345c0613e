import { assert, assertEquals } from "@std/assert";
import { closePayload, makeFrame, Opcode } from "../../../mod/web_socket/frames.ts";
import { type FrameHandler, FrameReader } from "../../../mod/web_socket/frame_reader.ts";

/** Records its events. */
class Recorder implements FrameHandler {
  readonly events: string[] = [];
  onText(text: string): void {
    this.#onMessage("text", text);
  }
  onBinary(payload: Uint8Array): void {
    this.#onMessage("binary", new TextDecoder().decode(payload));
  }
  #onMessage(kind: string, text: string): void {
    this.events.push(`${kind} ${text.length > 20 ? text.length : text}`);
  }
  onPing(payload: Uint8Array): void {
    this.events.push(`ping ${new TextDecoder().decode(payload)}`);
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

/** A client's frame: masked. */
function masked(opcode: number, payload: Uint8Array | string, isLast = true): Uint8Array {
  const bytes = typeof payload === "string" ? new TextEncoder().encode(payload) : payload;
  const frame = makeFrame(opcode, bytes);
  const head = frame.length - bytes.length;
  const result = new Uint8Array(frame.length + 4);
  result.set(frame.subarray(0, head));
  if (!isLast) result[0] &= 0x7f;
  result[1] |= 0x80;
  const mask = [1, 2, 3, 4];
  result.set(mask, head);
  bytes.forEach((byte, i) => result[head + 4 + i] = byte ^ mask[i & 3]);
  return result;
}

function join(...parts: Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

const { continuation, text, binary, close, ping, pong } = Opcode;
const rows: [why: string, input: Uint8Array, expected: string[]][] = [
  ["one text", masked(text, "hi"), ["text hi"]],
  ["empty binary", masked(binary, ""), ["binary "]],
  ["16-bit length", masked(binary, "x".repeat(200)), ["binary 200"]],
  ["64-bit length", masked(binary, "x".repeat(70000)), ["binary 70000"]],
  ["two in a row", join(masked(text, "a"), masked(text, "b")), ["text a", "text b"]],
  [
    "fragments with a ping between",
    join(masked(text, "a", false), masked(ping, "p"), masked(continuation, "b")),
    ["ping p", "text ab"],
  ],
  ["pong", masked(pong, ""), ["pong"]],
  ["close without code", masked(close, ""), ["close 1005 "]],
  ["close with reason", masked(close, closePayload(1000, "bye")), ["close 1000 bye"]],
  ["nothing after a close", join(masked(close, ""), masked(text, "x")), ["close 1005 "]],
  ["close code of one byte", masked(close, "x"), ["violation 1002"]],
  ["close code that is reserved", masked(close, closePayload(1006, "")), ["violation 1002"]],
  ["reason that is not UTF-8", masked(close, new Uint8Array([3, 232, 255])), ["violation 1007"]],
  ["ping longer than 125", masked(ping, "x".repeat(126)), ["violation 1002"]],
  ["text within a message", join(masked(text, "a", false), masked(text, "b")), ["violation 1002"]],
  ["continuation of nothing", masked(continuation, "a"), ["violation 1002"]],
  ["not masked", makeFrame(text, new Uint8Array(1)), ["violation 1002"]],
  ["reserved opcode of a data frame", masked(3, ""), ["violation 1002"]],
  ["reserved opcode of a control frame", masked(11, ""), ["violation 1002"]],
  // RFC 6455 section 5.2: the shortest form of a length is mandatory, its highest bit is 0.
  ["125 as 16 bits", new Uint8Array([0x82, 0xfe, 0, 125]), []],
  ["125 as 16 bits, complete", lengthHead(0x82, 2, 125), ["violation 1002"]],
  ["65535 as 64 bits", lengthHead(0x82, 8, 65535), ["violation 1002"]],
  ["2^63", lengthHead(0x82, 8, 2 ** 63), ["violation 1002"]],
  ["2^62", lengthHead(0x82, 8, 2 ** 62), ["violation 1009"]],
  ["a ping of 126 bytes, before they come", masked(ping, "x".repeat(126)).subarray(0, 2), [
    "violation 1002",
  ]],
  // Section 8.1, at once: what follows cannot make it UTF-8.
  ["text fragment that is not UTF-8", masked(text, new Uint8Array([0x61, 0xff]), false), [
    "violation 1007",
  ]],
  [
    "text that is not UTF-8, incomplete",
    masked(text, new Uint8Array([0xc0, 0x61])).subarray(0, 7),
    [
      "violation 1007",
    ],
  ],
  [
    "a character in two fragments",
    join(masked(text, new Uint8Array([0xc3]), false), masked(0, new Uint8Array([0xa4]))),
    ["text ä"],
  ],
  [
    "empty fragments",
    join(masked(binary, "", false), masked(0, "", false), masked(0, "a", false), masked(0, "")),
    ["binary a"],
  ],
];

/** The head of a frame that announces `length` in `width` bytes. */
function lengthHead(first: number, width: 2 | 8, length: number): Uint8Array {
  const head = new Uint8Array(2 + width + 4);
  head[0] = first;
  head[1] = 0x80 | (width === 2 ? 126 : 127);
  if (width === 2) new DataView(head.buffer).setUint16(2, length);
  else new DataView(head.buffer).setBigUint64(2, BigInt(length));
  return head;
}

Deno.test("FrameReader reads each row whole and byte by byte", () => {
  for (const [why, input, expected] of rows) {
    const atOnce = new Recorder();
    FrameReader.ofServer(atOnce, 1 << 20).push(input, 0, input.length);
    assertEquals(atOnce.events, expected, why);
    if (input.length > 1000) continue;
    const slowly = new Recorder();
    const reader = FrameReader.ofServer(slowly, 1 << 20);
    for (let i = 0; i < input.length; i++) reader.push(input, i, i + 1);
    assertEquals(slowly.events, expected, `${why}, byte by byte`);
  }
});

Deno.test("FrameReader refuses messages beyond its limit, in one frame or in fragments", () => {
  for (const input of [masked(text, "12345"), join(masked(text, "123", false), masked(0, "45"))]) {
    const recorder = new Recorder();
    FrameReader.ofServer(recorder, 4).push(input, 0, input.length);
    assertEquals(recorder.events, ["violation 1009"]);
  }
});

Deno.test("FrameReader joins one-byte fragments in linear time and limits their number", () => {
  const pieces = 131_072;
  const piece = masked(0, "x", false);
  const recorder = new Recorder();
  const reader = FrameReader.ofServer(recorder, 1 << 20);
  const start = masked(binary, "x", false);
  reader.push(start, 0, start.length);
  for (let i = 2; i < pieces; i++) reader.push(piece, 0, piece.length);
  const last = masked(0, "x");
  reader.push(last, 0, last.length);
  assertEquals(recorder.events, [`binary ${pieces}`]);
  // Empty ones never make the message larger: their number is bounded.
  const empty = masked(0, "", false);
  reader.push(start, 0, start.length);
  for (let i = 1; i < pieces; i++) reader.push(empty, 0, empty.length);
  assertEquals(recorder.events.length, 1);
  reader.push(empty, 0, empty.length);
  assertEquals(recorder.events[1], "violation 1009");
});

Deno.test("FrameReader copies a large frame a constant number of times", () => {
  const frame = masked(binary, new Uint8Array(4 << 20));
  const recorder = new Recorder();
  const reader = FrameReader.ofServer(recorder, 1 << 24);
  const { set, slice } = Uint8Array.prototype;
  let copied = 0;
  Uint8Array.prototype.set = function (source, at) {
    copied += source.length;
    set.call(this, source, at);
  };
  Uint8Array.prototype.slice = function (start, end) {
    const part = slice.call(this, start, end);
    copied += part.length;
    return part;
  };
  try {
    for (let at = 0; at < frame.length; at += 4096) {
      reader.push(frame, at, Math.min(frame.length, at + 4096));
    }
  } finally {
    Object.assign(Uint8Array.prototype, { set, slice });
  }
  assertEquals(recorder.events.length, 1);
  assert(copied < 3 * frame.length, `${copied} bytes were copied`);
});
