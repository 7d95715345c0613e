import { assertEquals } from "@std/assert";
import {
  closePayload,
  type FrameHandler,
  FrameReader,
  makeFrame,
  Opcode,
} from "../../../../mod/serve/fetch/web_socket_frames.ts";
import { acceptKey } from "../../../../mod/serve/fetch/upgrade.ts";

/** Writes down what it is told. */
class Recorder implements FrameHandler {
  readonly events: string[] = [];
  onMessage(isText: boolean, payload: Uint8Array): void {
    const text = new TextDecoder().decode(payload);
    this.events.push(`${isText ? "text" : "binary"} ${text.length > 20 ? text.length : text}`);
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
  ["nothing behind a close", join(masked(close, ""), masked(text, "x")), ["close 1005 "]],
  ["close code of one byte", masked(close, "x"), ["violation 1002"]],
  ["close code that is reserved", masked(close, closePayload(1006, "")), ["violation 1002"]],
  ["reason that is not UTF-8", masked(close, new Uint8Array([3, 232, 255])), ["violation 1007"]],
  ["ping longer than 125", masked(ping, "x".repeat(126)), ["violation 1002"]],
  ["text within a message", join(masked(text, "a", false), masked(text, "b")), ["violation 1002"]],
  ["continuation of nothing", masked(continuation, "a"), ["violation 1002"]],
  ["not masked", makeFrame(text, new Uint8Array(1)), ["violation 1002"]],
];

Deno.test("FrameReader reads each row at once and byte by byte", () => {
  for (const [why, input, expected] of rows) {
    const atOnce = new Recorder();
    new FrameReader(atOnce, 1 << 20).push(input, 0, input.length);
    assertEquals(atOnce.events, expected, why);
    if (input.length > 1000) continue;
    const slowly = new Recorder();
    const reader = new FrameReader(slowly, 1 << 20);
    for (let i = 0; i < input.length; i++) reader.push(input, i, i + 1);
    assertEquals(slowly.events, expected, `${why}, byte by byte`);
  }
});

Deno.test("FrameReader refuses messages beyond its limit, in one frame or in fragments", () => {
  for (const input of [masked(text, "12345"), join(masked(text, "123", false), masked(0, "45"))]) {
    const recorder = new Recorder();
    new FrameReader(recorder, 4).push(input, 0, input.length);
    assertEquals(recorder.events, ["violation 1009"]);
  }
});

Deno.test("acceptKey() is that of RFC 6455 section 1.3", () => {
  assertEquals(acceptKey("dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
});
