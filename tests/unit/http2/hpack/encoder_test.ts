/** What the encoder makes of the lines of a head, and of the peer's table. */
import { assert, assertEquals } from "@std/assert";
import { latin1Bytes } from "../../../../mod/http/latin1.ts";
import { ByteWriter } from "../../../../mod/http2/frames/byte_writer.ts";
import { HpackEncoder } from "../../../../mod/http2/hpack/encoder.ts";
import { LineCache } from "../../../../mod/http2/hpack/line_cache.ts";
import { HpackPair } from "../../../vectors/http2/hpack_pair.ts";

Deno.test("lines of HTTP/1 heads come out in lower case, without those of the connection", () => {
  const pair = new HpackPair();
  const lines = "Server: hayate\r\nConnection: close, X-A\r\nTransfer-Encoding: chunked\r\n" +
    "Keep-Alive: timeout=5\r\nUpgrade: h2c\r\nProxy-Connection: close\r\nTE: gzip\r\nX-Empty:\r\n" +
    "X-Blank: \t a b \t\r\nSet-Cookie: a=b\r\nTE: trailers\r\nX-Latin: \xe9\r\n";
  const expected = "server: hayate|x-empty: |x-blank: a b|set-cookie: a=b (never)|te: trailers|" +
    "x-latin: \xe9";
  for (let round = 0; round < 4; round++) assertEquals(pair.decode(pair.encode(lines)), expected);
});

Deno.test("a line that repeats is an index from its third time on, a secret never", () => {
  const pair = new HpackPair();
  const line = "x-kind: one of many\r\n";
  const lengths = [1, 2, 3, 4].map(() => pair.encode(line).length);
  assertEquals([lengths[2], lengths[3]], [1, 1]);
  assert(lengths[0] > 10 && lengths[1] > 10);
  for (const secret of ["authorization: Basic abc\r\n", "set-cookie: id=1\r\n"]) {
    for (let i = 0; i < 4; i++) {
      const block = pair.encode(secret);
      assertEquals(block[0] & 0xf0, 0x10, "a literal that is never indexed");
      pair.decode(block);
    }
  }
});

Deno.test("lines that are marked stay never indexed", () => {
  const pair = new HpackPair();
  const lines = latin1Bytes("a: 1\r\nb: 2\r\nc: 3\r\n");
  pair.block.clear();
  pair.encoder.lines(lines, 0, lines.length, { count: 1, starts: Int32Array.of(6) });
  const block = pair.block.bytes.slice(0, pair.block.length);
  assertEquals(pair.decode(block), "a: 1|b: 2 (never)|c: 3");
});

Deno.test("the encoder keeps to the peer's table, and says so when it changes", () => {
  const pair = new HpackPair();
  const lines = (i: number) => `x-a: ${"v".repeat(40)}\r\nx-b: value ${i % 3}\r\nx-c: other\r\n`;
  const expected = (i: number) => `x-a: ${"v".repeat(40)}|x-b: value ${i % 3}|x-c: other`;
  const limits = [4096, 4096, 0, 0, 100, 200, 4096, 50, 0, 4096, 4096];
  for (let i = 0; i < 60; i++) {
    if (i % 3 === 0) {
      pair.encoder.limitTable(limits[(i / 3) % limits.length]);
      pair.encoder.limitTable(limits[(i / 3 + 1) % limits.length]);
    }
    assertEquals(pair.decode(pair.encode(lines(i))), expected(i));
  }
});

Deno.test("a prepared block fits any state of the table", () => {
  const pair = new HpackPair();
  const block = new ByteWriter();
  const encoder = new HpackEncoder(false, false, block, new LineCache());
  const lines = latin1Bytes("server: hayate\r\ncontent-type: text/plain\r\n");
  for (const status of [200, 404, 103, 599]) {
    block.clear();
    encoder.status(status);
    encoder.lines(lines, 0, lines.length, null);
    const bytes = block.bytes.slice(0, block.length);
    const expected = `:status: ${status}|server: hayate|content-type: text/plain`;
    assertEquals(pair.decode(bytes), expected);
    pair.decode(pair.encode("x: y\r\n"));
    assertEquals(pair.decode(bytes), expected);
  }
});

Deno.test("a request's host line is dropped, its authority becomes an index", () => {
  const pair = new HpackPair();
  const block = new ByteWriter();
  const encoder = new HpackEncoder(true, true, block, new LineCache());
  const [method, path, host] = ["OPTIONS", "*", "a.example"].map(latin1Bytes);
  const lines = latin1Bytes("Host: b.example\r\nAccept: */*\r\n: x\r\n");
  const lengths: number[] = [];
  for (let i = 0; i < 4; i++) {
    block.clear();
    encoder.begin();
    encoder.target(method, 0, method.length, true, path, 0, path.length);
    encoder.authority(host, 0, host.length);
    encoder.lines(lines, 0, lines.length, null);
    lengths.push(block.length);
    const expected = ":method: OPTIONS|:scheme: https|:path: *|:authority: a.example|accept: */*";
    assertEquals(pair.decode(block.bytes.slice(0, block.length)), expected);
  }
  // Method and path are literals; the two lines are one byte each.
  assertEquals(lengths[3], lengths[0] - 9 - 4);
});

Deno.test("encoders that share a cache of lines keep their own tables", () => {
  const cache = new LineCache();
  const pairs = [0, 1, 2].map(() => {
    const block = new ByteWriter();
    return { block, encoder: new HpackEncoder(false, true, block, cache), pair: new HpackPair() };
  });
  for (let round = 0; round < 300; round++) {
    const { block, encoder, pair } = pairs[(round * 7) % 3];
    // More lines than the cache has slots, in an order that changes.
    const fields = [0, 1, 2].map((i) => `x-${(round * (i + 3)) % 97}: ${(round * i) % 89}`);
    const lines = latin1Bytes(fields.map((field) => `${field}\r\n`).join(""));
    block.clear();
    encoder.lines(lines, 0, lines.length, null);
    assertEquals(pair.decode(block.bytes.slice(0, block.length)), fields.join("|"));
  }
});

Deno.test("a user agent of 500 bytes is an index like any other line", () => {
  const pair = new HpackPair();
  const line = `User-Agent: ${"Mozilla/5.0 ".repeat(41)}x\r\n`;
  const lengths = [1, 2, 3].map(() => pair.encode(line).length);
  assertEquals(lengths[2], 1);
});

Deno.test("lines that push each other out of the table unused are literals from then on", () => {
  const pair = new HpackPair();
  const agents = Array.from({ length: 12 }, (_, i) => `user-agent: ${"Mozilla ".repeat(60)}${i}`);
  const accept = "accept: text/html, application/xhtml+xml";
  let insertions = 0;
  for (let round = 0; round < 40; round++) {
    for (const agent of agents) {
      const block = pair.encode(`${agent}\r\n${accept}\r\n`);
      assertEquals(pair.decode(block), `${agent}|${accept}`);
      // The first byte of an insertion is 0x7a: name 58 of the static table.
      if (round >= 10 && block[0] === 0x7a) insertions++;
      if (round >= 10 && block[0] === 0x0f) {
        assertEquals(block[block.length - 1] & 0x80, 0x80, "the line that repeats is an index");
      }
    }
  }
  assert(insertions < 30 * agents.length / 32, `${insertions} insertions`);
});
