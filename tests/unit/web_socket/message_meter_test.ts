import { assertEquals } from "@std/assert";
import { FrameReader } from "../../../mod/web_socket/frame_reader.ts";
import {
  makeFrame,
  maskedFrameBytes,
  Opcode,
  writeMaskedFrame,
} from "../../../mod/web_socket/frames.ts";
import { MessageMeter } from "../../../mod/web_socket/message_meter.ts";

const encoder = new TextEncoder();

/** What a client that has sent `sent` says of a server's bytes, read in pieces that end at `cuts`. */
function read(stream: Uint8Array, sent: string | Uint8Array, cuts: readonly number[]): string[] {
  const events: string[] = [];
  const bytes = typeof sent === "string" ? encoder.encode(sent) : sent;
  const meter = new MessageMeter(bytes, typeof sent === "string", (isText, count, isEcho) => {
    events.push(`${isText ? "text" : "binary"} ${count}${isEcho ? " echo" : ""}`);
  });
  const handler = {
    onPing: (payload: Uint8Array) => events.push(`ping ${new TextDecoder().decode(payload)}`),
    onPong: () => events.push("pong"),
    onCloseFrame: (code: number, reason: string) => events.push(`close ${code} ${reason}`),
    onViolation: (code: number) => events.push(`violation ${code}`),
  };
  const reader = new FrameReader(handler, meter, 1000, "server");
  let at = 0;
  for (const cut of [...cuts, stream.length]) {
    if (cut > at) reader.push(stream, at, cut);
    at = Math.max(at, cut);
  }
  return events;
}

/** A frame of a message, the last one unless `isLast` is false. */
function frame(opcode: number, payload: string | Uint8Array, isLast = true): Uint8Array {
  const bytes = makeFrame(opcode, typeof payload === "string" ? encoder.encode(payload) : payload);
  if (!isLast) bytes[0] &= 0x7f;
  return bytes;
}

function joined(...parts: Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

function masked(): Uint8Array {
  const target = new Uint8Array(maskedFrameBytes(1));
  writeMaskedFrame(target, Opcode.text, encoder.encode("a"), Uint8Array.of(1, 2, 3, 4), 0);
  return target;
}

const rows: readonly (readonly [
  name: string,
  stream: Uint8Array,
  sent: string | Uint8Array,
  events: readonly string[],
])[] = [
  ["an echo", frame(Opcode.text, "hello"), "hello", ["text 5 echo"]],
  ["binary is no echo of text", frame(Opcode.binary, "hello"), "hello", ["binary 5"]],
  ["a binary echo", frame(Opcode.binary, Uint8Array.of(0, 255)), Uint8Array.of(0, 255), [
    "binary 2 echo",
  ]],
  [
    "another text, a longer and a shorter one",
    joined(
      frame(Opcode.text, "hellp"),
      frame(Opcode.text, "hello!"),
      frame(Opcode.text, "hell"),
    ),
    "hello",
    ["text 5", "text 6", "text 4"],
  ],
  ["an empty echo", frame(Opcode.text, ""), "", ["text 0 echo"]],
  [
    "fragments with a ping between them",
    joined(
      frame(Opcode.text, "he", false),
      frame(Opcode.ping, "p"),
      frame(Opcode.continuation, "", false),
      frame(Opcode.continuation, "llo"),
    ),
    "hello",
    ["ping p", "text 5 echo"],
  ],
  [
    "a character over two fragments",
    joined(
      frame(Opcode.text, Uint8Array.of(0xc3), false),
      frame(Opcode.continuation, Uint8Array.of(0xa9)),
    ),
    "é",
    ["text 2 echo"],
  ],
  ["half a character at the end", frame(Opcode.text, Uint8Array.of(0xc3)), "a", ["violation 1007"]],
  ["invalid text", frame(Opcode.text, Uint8Array.of(0x61, 0xff, 0x61)), "a", ["violation 1007"]],
  ["binary may be anything", frame(Opcode.binary, Uint8Array.of(0xff)), "a", ["binary 1"]],
  ["a masked frame", masked(), "a", ["violation 1002"]],
  ["a reserved bit", Uint8Array.of(0xc1, 0), "a", ["violation 1002"]],
  ["a fragmented ping", Uint8Array.of(0x09, 0), "a", ["violation 1002"]],
  ["a continuation of nothing", frame(Opcode.continuation, "a"), "a", ["violation 1002"]],
  ["a length of 64 bits", Uint8Array.of(0x82, 127, 0, 0, 0, 1, 0, 0, 0, 0), "a", [
    "violation 1009",
  ]],
  ["its highest bit", Uint8Array.of(0x82, 127, 128, 0, 0, 0, 0, 0, 0, 0), "a", ["violation 1002"]],
  ["not the shortest length", Uint8Array.of(0x82, 126, 0, 5), "a", ["violation 1002"]],
  [
    "too long in fragments",
    joined(
      frame(Opcode.binary, new Uint8Array(600), false),
      frame(Opcode.continuation, new Uint8Array(401)),
    ),
    "a",
    ["violation 1009"],
  ],
  [
    "a close frame, and nothing after it",
    joined(
      frame(Opcode.close, Uint8Array.of(0x03, 0xe9, 0x78)),
      frame(Opcode.text, "a"),
    ),
    "a",
    ["close 1001 x"],
  ],
];

Deno.test("MessageMeter and FrameReader tell a server's messages, whole and byte by byte", () => {
  for (const [name, stream, sent, events] of rows) {
    assertEquals(read(stream, sent, []), [...events], name);
    const single = Array.from({ length: stream.length }, (_, index) => index);
    assertEquals(read(stream, sent, single), [...events], `${name}, byte by byte`);
    for (let cut = 1; cut < Math.min(20, stream.length); cut++) {
      assertEquals(read(stream, sent, [cut]), [...events], `${name}, cut at ${cut}`);
    }
  }
});

Deno.test("writeMaskedFrame() makes what a server reads, with every form of the length", () => {
  for (const size of [0, 1, 125, 126, 65_535, 65_536, 70_001]) {
    const payload = Uint8Array.from({ length: size }, (_, index) => index * 7);
    const target = new Uint8Array(maskedFrameBytes(size));
    const keys = Uint8Array.of(9, 9, 0xa1, 0x02, 0xfe, 0x33);
    assertEquals(writeMaskedFrame(target, Opcode.binary, payload, keys, 2), target.length);
    let got: Uint8Array | null = null;
    const fail = () => {
      throw new Error("not a message");
    };
    const handler = {
      onText: fail,
      onBinary: (bytes: Uint8Array) => void (got = bytes),
      ...{ onPing: fail, onPong: fail, onCloseFrame: fail, onViolation: fail },
    };
    FrameReader.ofServer(handler, 100_000).push(target, 0, target.length);
    assertEquals(got, payload);
    // Masked with the key that the frame has.
    const at = target.length - size;
    assertEquals([...target.subarray(at - 4, at)], [0xa1, 0x02, 0xfe, 0x33]);
    if (size > 0) assertEquals(target[at], payload[0] ^ 0xa1);
  }
});
