import { assertEquals } from "@std/assert";
import {
  encodeHandshake,
  encodeRequest,
} from "../../../../../mod/conn/upstream/http2/request_block.ts";
import { HeadWriter } from "../../../../../mod/http/head_writer.ts";
import type { RequestHead } from "../../../../../mod/http/request_head.ts";
import { HpackDecoder } from "../../../../../mod/http2/hpack/decoder.ts";
import { HpackEncoder } from "../../../../../mod/http2/hpack/encoder.ts";
import { defaultSectionLimits, HeadSpace } from "../../../../../mod/http2/mod.ts";
import { FieldRuns } from "../../../../../mod/proxy/engine/fields/field_runs.ts";
import { block, bytes, getFields } from "../../../../vectors/http2/wire.ts";

/** Decodes a request's block. */
function decoded(space: HeadSpace, content: Uint8Array): RequestHead {
  const { request, area } = space;
  request.begin();
  const decoder = new HpackDecoder(area, 4096);
  assertEquals(decoder.decode(content, 0, content.length, request), 0);
  assertEquals([request.conclude(true), request.fault], [true, 0]);
  return request.head;
}

/** Fields as text; a never-indexed one ends in `!`. */
function lines(head: RequestHead): string[] {
  return Array.from(
    { length: head.fieldCount },
    (_, i) => `${head.name(i)}: ${head.value(i)}${head.isNeverIndexed(i) ? "!" : ""}`,
  );
}

function encoded(
  head: string | HeadWriter,
  encode: (encoder: HpackEncoder, writer: HeadWriter) => void,
): RequestHead {
  const space = new HeadSpace(defaultSectionLimits, 4096);
  const writer = typeof head === "string" ? new HeadWriter() : head;
  if (typeof head === "string") writer.ascii(head);
  encode(new HpackEncoder(true, true, space.block, space.lines), writer);
  return decoded(space, space.block.bytes.slice(0, space.block.length));
}

// A short cookie can be guessed, and is never indexed.
Deno.test("encodeRequest() makes pseudo fields of line and Host, and drops hop-by-hop fields", () => {
  const text = "PUT /a?b HTTP/1.1\r\nhost: a.example:1\r\nX-A: 1\r\nConnection: close\r\n" +
    "Upgrade: h2c\r\nte: gzip\r\ntransfer-encoding: chunked\r\nCookie: a=1; b=2\r\n";
  const head = encoded(text, (encoder, writer) => encodeRequest(encoder, writer, true, true));
  assertEquals([head.methodText(), head.targetText(), head.hostText()], [
    "PUT",
    "/a?b",
    "a.example:1",
  ]);
  assertEquals(lines(head), ["x-a: 1", "cookie: a=1; b=2!", "te: trailers"]);
});

Deno.test("encodeHandshake() makes a CONNECT, without the key", () => {
  const text = "GET /chat HTTP/1.1\r\nhost: h\r\nSec-WebSocket-Version: 13\r\n" +
    "Sec-WebSocket-Key: abc\r\nX-A: 1\r\nconnection: upgrade\r\nupgrade: websocket\r\n";
  const space = new HeadSpace(defaultSectionLimits, 4096);
  const writer = new HeadWriter();
  writer.ascii(text);
  encodeHandshake(new HpackEncoder(true, true, space.block, space.lines), writer, false);
  const found: string[] = [];
  const decoder = new HpackDecoder(space.area, 4096);
  decoder.decode(
    space.block.bytes,
    0,
    space.block.length,
    {
      isRefused: false,
      isBeyondReason: false,
      add: (_kind: number, nameStart: number, nameEnd: number, start: number, end: number) => {
        const at = (from: number, to: number) =>
          String.fromCharCode(...space.area.bytes.subarray(from, to));
        found.push(`${at(nameStart, nameEnd)} ${at(start, end)}`);
      },
    } as unknown as Parameters<HpackDecoder["decode"]>[3],
  );
  assertEquals(found, [
    ":method CONNECT",
    ":scheme http",
    ":path /chat",
    ":authority h",
    ":protocol websocket",
    "sec-websocket-version 13",
    "x-a 1",
  ]);
});

Deno.test("a field that came as never indexed stays so", () => {
  const space = new HeadSpace(defaultSectionLimits, 4096);
  const secret = bytes(0x10, block(["x-secret", "s"]).subarray(1));
  const more = block(["x-b", "2"]);
  const input = decoded(space, bytes(block(...getFields), block(["x-a", "1"]), secret, more));
  const writer = new HeadWriter();
  writer.ascii("GET / HTTP/1.1\r\nhost: h\r\n");
  const runs = new FieldRuns();
  for (let i = 0; i < input.fieldCount; i++) runs.keep(writer, input, i);
  runs.flush(writer, input);
  // Twice, because a line that repeats would enter the table.
  for (let i = 0; i < 2; i++) {
    const head = encoded(writer, (encoder, from) => encodeRequest(encoder, from, false, false));
    assertEquals(lines(head), ["x-a: 1", "x-secret: s!", "x-b: 2"]);
  }
});
