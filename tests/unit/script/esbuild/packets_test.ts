import { assertEquals, assertThrows } from "@std/assert";
import {
  decodePacket,
  encodePacket,
  PacketBuffer,
  type Value,
} from "../../../../mod/script/esbuild/packets.ts";

const values: readonly Value[] = [
  null,
  true,
  false,
  0,
  0xffffffff,
  "",
  "é\u{1f600}",
  new Uint8Array([0, 255]),
  [],
  {},
  { key: ["x", { deep: [null] }], "": 1 },
  "x".repeat(100_000),
];

Deno.test("a packet is read as it was written", () => {
  for (const value of values) {
    for (const isRequest of [true, false]) {
      const packet = { id: 7, isRequest, value };
      assertEquals(decodePacket(encodePacket(packet).subarray(4)), packet);
    }
  }
});

Deno.test("encodePacket() writes what esbuild's own client writes", () => {
  const bytes = encodePacket({ id: 1, isRequest: false, value: { a: 5 } });
  const record = [6, 1, 0, 0, 0, 1, 0, 0, 0, 97, 2, 5, 0, 0, 0];
  assertEquals([...bytes], [19, 0, 0, 0, 3, 0, 0, 0, ...record]);
});

Deno.test("decodePacket() refuses what is cut, goes on, or begins with no value", () => {
  const whole = encodePacket({ id: 1, isRequest: true, value: { key: "text" } }).subarray(4);
  for (let length = 0; length < whole.length; length++) {
    assertThrows(() => decodePacket(whole.subarray(0, length)), Error);
  }
  assertThrows(() => decodePacket(new Uint8Array([...whole, 0])), TypeError, "bytes are left");
  assertThrows(() => decodePacket(new Uint8Array([0, 0, 0, 0, 9])), TypeError, "no value");
});

Deno.test("PacketBuffer puts packets together from pieces of any size", () => {
  const packets = values.map((value, id) => ({ id, isRequest: true, value }));
  const stream = packets.flatMap((packet) => [...encodePacket(packet)]);
  for (const size of [1, 7, 4096, stream.length]) {
    const buffer = new PacketBuffer();
    const found = [];
    for (let at = 0; at < stream.length; at += size) {
      buffer.add(new Uint8Array(stream.slice(at, at + size)));
      for (let bytes = buffer.next(); bytes !== null; bytes = buffer.next()) {
        found.push(decodePacket(bytes));
      }
    }
    assertEquals(found, packets);
  }
});
