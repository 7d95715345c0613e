import { assert, assertEquals } from "@std/assert";
import { eventBytesMax, EventParser } from "../../../../../mod/load/thread/events/event_parser.ts";

interface Row {
  readonly name: string;
  readonly stream: string;
  readonly events: number;
  readonly id?: string;
  readonly retryMs?: number;
}

/** Expected values follow the HTML standard, 9.2.6; those marked with * are its own examples. */
const rows: readonly Row[] = [
  { name: "one event *", stream: "data: YHOO\ndata: +2\ndata: 10\n\n", events: 1 },
  {
    name: "a comment, ids and an empty id *",
    stream: ": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third\n",
    events: 2,
    id: "",
  },
  {
    name: "empty data, two of them, and none that is dispatched *",
    stream: "data\n\ndata\ndata\n\ndata:",
    events: 2,
  },
  { name: "with and without a blank *", stream: "data:test\n\ndata: test\n\n", events: 2 },
  { name: "no data, no event", stream: "event: x\nid: 7\n\n", events: 0, id: "7" },
  { name: "CR", stream: "data: a\rdata: b\r\rdata: c\r\r", events: 2 },
  { name: "CR LF", stream: "data: a\r\ndata: b\r\n\r\ndata: c\r\n\r\n", events: 2 },
  { name: "mixed line ends", stream: "data: a\r\n\rdata: b\n\r\ndata: c\r\r\n", events: 3 },
  { name: "LF after CR LF is a line of its own", stream: "data: a\r\n\n", events: 1 },
  { name: "a byte order mark", stream: "\xef\xbb\xbfdata: a\n\n", events: 1 },
  { name: "only one mark is skipped", stream: "\xef\xbb\xbf\xef\xbb\xbfdata: a\n\n", events: 0 },
  { name: "half a mark", stream: "\xef\xbbdata: a\n\ndata: b\n\n", events: 1 },
  { name: "a mark in the middle", stream: "data: a\n\n\xef\xbb\xbfdata: b\n\n", events: 1 },
  { name: "only half a mark", stream: "\xef\n\n", events: 0 },
  { name: "names are exact", stream: "Data: a\ndatas: a\ndat: a\n data: a\n\n", events: 0 },
  { name: "comments between", stream: ":\n:data: a\n\n: x\ndata: b\n: y\n\n", events: 1 },
  { name: "an event that has not ended", stream: "data: a\n", events: 0 },
  { name: "blank lines alone", stream: "\n\n\r\r\r\n\r\n", events: 0 },
  { name: "colons in values", stream: "data:a:b\nid:c: d\n\n", events: 1, id: "c: d" },
  { name: "an id counts when its block ends", stream: "id: 1\n\nid: 2\n", events: 0, id: "1" },
  { name: "the last id of a block", stream: "id: 1\nid: 2\ndata\n\n", events: 1, id: "2" },
  { name: "an id with NUL is ignored", stream: "id: 1\n\nid: a\0b\ndata\n\n", events: 1, id: "1" },
  { name: "an id that no field can have", stream: "id: 1\n\nid: \x01\n\n", events: 0, id: "" },
  { name: "UTF-8 in an id", stream: "id: \xc3\xa9\n\n", events: 0, id: "\xc3\xa9" },
  { name: "retry", stream: "retry: 250\n\n", events: 0, retryMs: 250 },
  { name: "retry takes effect without a blank line", stream: "retry:7\n", events: 0, retryMs: 7 },
  {
    name: "retry of something else",
    stream: "retry: 1\nretry: 2s\nretry: -3\nretry:\nretry\n",
    events: 0,
    retryMs: 1,
  },
  {
    name: "a retry of days",
    stream: "retry: 99999999999999999999\n",
    events: 0,
    retryMs: 86_400_000,
  },
];

const bytesOf = (text: string) => Uint8Array.from(text, (letter) => letter.charCodeAt(0));

/** Reads the parts one after the other. */
function readParts(parts: readonly Uint8Array[]) {
  const parser = new EventParser(true);
  let events = 0;
  // The bytes need not begin at the beginning of their buffer.
  for (const part of parts) {
    const buffer = new Uint8Array(part.length + 5);
    buffer.set(part, 2);
    events += parser.read(buffer, 2, 2 + part.length);
  }
  const id = String.fromCharCode(...parser.lastId);
  return { events, id, retryMs: parser.retryMs };
}

Deno.test("EventParser counts events as the HTML standard does, at every split", () => {
  for (const { name, stream, events, id = "", retryMs = -1 } of rows) {
    const bytes = bytesOf(stream);
    const expected = { events, id, retryMs };
    for (let first = 0; first <= bytes.length; first++) {
      for (let second = first; second <= bytes.length; second++) {
        const parts = [
          bytes.subarray(0, first),
          bytes.subarray(first, second),
          bytes.subarray(second),
        ];
        assertEquals(readParts(parts), expected, `${name}, split at ${first} and ${second}`);
      }
    }
    assertEquals(readParts(Array.from(bytes, (byte) => Uint8Array.of(byte))), expected, name);
  }
});

Deno.test("EventParser starts over with each stream, and keeps identifier and time", () => {
  const parser = new EventParser(true);
  const read = (text: string) => parser.read(bytesOf(text), 0, text.length);
  assertEquals(read("id: 9\nretry: 5\n\nid: 10\ndata: half"), 0);
  parser.reset();
  assertEquals(read("\n\n\xef\xbb\xbfdata: a\n\n"), 0);
  parser.reset();
  assertEquals(read("\xef\xbb\xbfdata: a\n\n"), 1);
  assertEquals([String.fromCharCode(...parser.lastId), parser.retryMs], ["9", 5]);
});

Deno.test("EventParser ends at an event that is too long, in lines or in one", () => {
  const chunk = new Uint8Array(1024 * 1024).fill(0x78);
  const chunks = eventBytesMax / chunk.length;
  for (const start of ["data: ", "", ":", "id: ", "retry: "]) {
    const parser = new EventParser(true);
    assertEquals(parser.read(bytesOf(start), 0, start.length), 0);
    let count = 0;
    for (; parser.read(chunk, 0, chunk.length) === 0; count++) assert(count <= chunks, start);
    assert(count >= chunks - 1, `${count}`);
  }
  const lines = bytesOf("data: 123456789\n".repeat(65_536));
  const parser = new EventParser(true);
  for (let i = 0; i < chunks; i++) assertEquals(parser.read(lines, 0, lines.length), 0);
  assertEquals(parser.read(lines, 0, lines.length), -1);
});
