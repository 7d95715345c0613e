import { assertEquals, assertThrows } from "@std/assert";
import {
  ConstantBytes,
  HeadWriter,
  latin1,
  latin1Bytes,
  RequestHead,
} from "../../../mod/http/mod.ts";
import { defaultLimits, parseRequestHead } from "../../../mod/http1/mod.ts";

function text(writer: HeadWriter): string {
  return latin1(writer.bytes, 0, writer.length);
}

Deno.test("HeadWriter writes text and copies fields of a parsed head", () => {
  const head = new RequestHead();
  const source = latin1Bytes(
    "GET / HTTP/1.1\r\nHost:a\r\nX-Long:  " + "v".repeat(200) + "  \r\n\r\n",
  );
  parseRequestHead(head, source, 0, source.length, defaultLimits, 0);
  const writer = new HeadWriter(16);
  writer.ascii("POST /a?b HTTP/1.1\r\n");
  writer.copyField(head, 0);
  writer.copyField(head, 1);
  assertEquals(text(writer), `POST /a?b HTTP/1.1\r\nHost:a\r\nX-Long:  ${"v".repeat(200)}\r\n`);
});

Deno.test("HeadWriter writes numbers up to 2^53-1 in decimal", () => {
  for (
    const value of [0, 1, 9, 10, 99, 100, 4294967296, 999999999999999, Number.MAX_SAFE_INTEGER]
  ) {
    const writer = new HeadWriter(1);
    writer.number(value);
    assertEquals(text(writer), String(value));
  }
  assertThrows(() => new HeadWriter().number(-1), RangeError);
  assertThrows(() => new HeadWriter().number(NaN), RangeError);
});

Deno.test("HeadWriter refuses everything that could inject into a head", () => {
  const writer = new HeadWriter();
  for (const value of ["a\r\nb", "a\nb", "a\0b", "\x7f", "\u010a", "\u20ac"]) {
    assertThrows(() => writer.field("X", value), TypeError);
  }
  for (const name of ["", "a b", "a:", "a\r\n", "\u0158"]) {
    assertThrows(() => writer.field(name, "v"), TypeError);
  }
  assertThrows(() => writer.ascii("\u010a"), TypeError);
});

Deno.test("HeadWriter keeps what was written when a write is refused", () => {
  const writer = new HeadWriter(4, 16);
  writer.ascii("0123456789");
  assertThrows(() => writer.ascii("0123456"), RangeError);
  writer.ascii("012345");
  assertEquals(text(writer), "0123456789012345");
});

Deno.test("HeadWriter.field() writes no partial line when the value is refused", () => {
  const writer = new HeadWriter();
  writer.ascii("HTTP/1.1 200 OK\r\n");
  assertThrows(() => writer.field("X", "a\nb"), TypeError);
  assertEquals(text(writer), "HTTP/1.1 200 OK\r\n");
});

Deno.test("HeadWriter copies runs of every length from every offset, and nothing after them", () => {
  const letters = "abcdefghijklmnopqrstuvwxyz".repeat(10);
  const head = new RequestHead();
  for (const shift of [0, 1]) {
    // A buffer that begins within another one.
    head.bytes = latin1Bytes(letters).subarray(shift);
    for (let start = 0; start < 5; start++) {
      for (const length of [0, 1, 2, 3, 4, 5, 7, 8, 31, 32, 33, 159, 160, 161, 200]) {
        const writer = new HeadWriter(1);
        writer.ascii("<");
        writer.copyOf(head, start, start + length);
        writer.ascii(">");
        const run = letters.slice(shift + start, shift + start + length);
        assertEquals(text(writer), `<${run}>`);
      }
    }
  }
});

Deno.test("HeadWriter copies to the end of the head's buffer", () => {
  const head = new RequestHead();
  head.bytes = latin1Bytes("abcdefg");
  for (let start = 0; start <= 7; start++) {
    const writer = new HeadWriter(1);
    writer.copyOf(head, start, 7);
    assertEquals(text(writer), "abcdefg".slice(start));
  }
});

Deno.test("HeadWriter writes constants of every length between other text", () => {
  for (let length = 0; length < 12; length++) {
    const constant = "0123456789ab".slice(0, length);
    const writer = new HeadWriter(1);
    writer.ascii("<");
    writer.constant(new ConstantBytes(constant));
    writer.ascii(">");
    assertEquals(text(writer), `<${constant}>`);
  }
  assertThrows(() => new ConstantBytes("\u010a"), TypeError);
});

Deno.test("HeadWriter.view() begins with the output, however it grows", () => {
  const writer = new HeadWriter(8);
  for (const length of [0, 1, 63, 64, 65, 200, 128, 5000]) {
    writer.clear();
    writer.ascii("x".repeat(length));
    const view = writer.view();
    assertEquals(view.length - length < 64 && view.length >= length, true);
    assertEquals(latin1(view, 0, length), "x".repeat(length));
  }
});
