/** The table of requests by their fields, coded in several ways. */
import { assertEquals } from "@std/assert";
import { type FieldRow, fieldRows } from "../../../vectors/http2/field_rows.ts";
import { block, bytes, frame, int, preface, settings, Type } from "../../../vectors/http2/wire.ts";
import { Recorder } from "../../../vectors/http2/recorder.ts";

type Coding = (name: string, value: string) => Uint8Array;

const plain: Coding = (name, value) => block([name, value]);
/** With incremental indexing. */
const indexed: Coding = (name, value) => bytes(0x40, block([name, value]).subarray(1));
const never: Coding = (name, value) => bytes(0x10, block([name, value]).subarray(1));

/** Frames of one section, in pieces that a peer accepts. */
function section(id: number, content: Uint8Array): Uint8Array {
  const piece = 16_000;
  const frames = [];
  for (let at = 0; at === 0 || at < content.length; at += piece) {
    const isLast = at + piece >= content.length;
    const type = at === 0 ? Type.headers : Type.continuation;
    const flags = (at === 0 ? 1 : 0) | (isLast ? 4 : 0);
    frames.push(frame(type, flags, id, content.subarray(at, at + piece)));
  }
  return bytes(...frames);
}

function fieldsOf(row: FieldRow): [string, string][] {
  return row.fields.map((line) => {
    const colon = line.indexOf(": ", line.startsWith(": ") ? 0 : 1);
    return [line.slice(0, colon), line.slice(colon + 2)];
  });
}

/** What the table says about the event of stream `id`. */
function outcome(recorder: Recorder, id: number): string {
  const event = recorder.events.find((text) => text.split(" ")[1] === `${id}`) ?? "nothing";
  if (event.startsWith("request")) return event.replace(/^request \d+/, "ok");
  if (event.startsWith("refused")) return event.replace(/ \d+/, "");
  return event.replace(/^malformed \d+ /, "");
}

for (const [name, code] of Object.entries({ plain, indexed, never })) {
  Deno.test(`${fieldRows.length} requests by their fields, coded ${name}`, () => {
    for (const row of fieldRows) {
      const recorder = new Recorder({ answers: false });
      recorder.receive(bytes(preface, settings()));
      const content = bytes(...fieldsOf(row).map(([field, value]) => code(field, value)));
      for (const id of [1, 3]) {
        recorder.receive(section(id, content));
        assertEquals(outcome(recorder, id), row.expect, `${row.rule}, stream ${id}`);
      }
      assertEquals(recorder.session.isFailed, false, row.rule);
      const resets = recorder.output.frames().filter((text) => text.startsWith("RST_STREAM"));
      const code1 = row.expect.startsWith("refused") ? "CANCEL" : "PROTOCOL_ERROR";
      const expected = row.expect.startsWith("ok")
        ? []
        : [1, 3].map((id) => `RST_STREAM ${id} ${code1}`);
      assertEquals(resets, expected, row.rule);
    }
  });
}

Deno.test("entries of the table keep their faults", () => {
  const recorder = new Recorder({ answers: false });
  recorder.receive(bytes(preface, settings()));
  const start = bytes(0x82, 0x86, 0x84, 0x41, 1, "a");
  recorder.receive(section(1, bytes(start, indexed("bad name", "x"))));
  recorder.receive(section(3, bytes(0x82, 0x86, 0x84, 0xbf, 0xbe)));
  recorder.receive(section(5, bytes(0x82, 0x86, 0x84, 0xbf, 0x7e, 1, "y")));
  recorder.receive(section(7, bytes(0x82, 0x86, 0x84, 0xc0)));
  assertEquals(recorder.events, [
    "malformed 1 fieldName",
    "malformed 3 fieldName",
    "malformed 5 fieldName",
    "request 7 GET / a",
  ]);
});

Deno.test("a field that came as never indexed is marked, a crumb marks the whole cookie", () => {
  const recorder = new Recorder({ answers: false });
  const marks: string[] = [];
  recorder.onRequest = (_stream, head) => {
    for (let i = 0; i < head.fieldCount; i++) {
      if (head.isNeverIndexed(i)) marks.push(`${head.name(i)}: ${head.value(i)}`);
    }
  };
  recorder.receive(bytes(preface, settings()));
  const start = bytes(0x82, 0x86, 0x84, 0x41, 1, "a");
  recorder.receive(
    section(
      1,
      bytes(start, plain("a", "1"), never("b", "2"), plain("cookie", "x"), never("cookie", "y")),
    ),
  );
  recorder.receive(section(3, bytes(start, plain("a", "1"))));
  assertEquals(marks, ["b: 2", "cookie: x; y"]);
});

Deno.test("the priority field and PRIORITY_UPDATE before the request", () => {
  const recorder = new Recorder({ answers: false });
  const start = bytes(0x82, 0x86, 0x84, 0x41, 1, "a");
  recorder.receive(bytes(preface, settings(), frame(16, 0, 0, int(5, 4), "u=6")));
  recorder.receive(section(1, start));
  recorder.receive(section(3, bytes(start, plain("priority", "u=1, i"))));
  recorder.receive(section(5, bytes(start, plain("priority", "u=1, i"))));
  assertEquals([1, 3, 5].map((id) => recorder.open.get(id)!.priority), [3, 1 + 8, 6]);
  recorder.receive(frame(16, 0, 0, int(1, 4), "i, u=0"));
  assertEquals(recorder.open.get(1)!.priority, 8);
});
