/** The table of frames against a session, at every split point. */
import { assertEquals } from "@std/assert";
import { faultyBlocks } from "../../../vectors/http2/hpack_rows.ts";
import { type FrameRow, frameRows, openingRows } from "../../../vectors/http2/frame_rows.ts";
import { bytes, frame, preface, settings, Type, whole } from "../../../vectors/http2/wire.ts";
import { Recorder } from "../../../vectors/http2/recorder.ts";

const opening = bytes(preface, settings());

/** The reaction of a server, in the table's words. */
function reaction(recorder: Recorder): string {
  const frames = recorder.output.frames();
  const goaway = frames.find((frame) => frame.startsWith("GOAWAY"));
  if (goaway !== undefined) return `connection ${goaway.split(" ")[3]}`;
  const resets = frames.filter((frame) => frame.startsWith("RST_STREAM"));
  if (resets.length > 0) return `stream ${resets[0].split(" ").slice(1).join(" ")}`;
  const answered = frames.filter((frame) => frame.startsWith("HEADERS"));
  return `requests ${answered.map((frame) => frame.split(" ")[1]).join(" ")}`;
}

function play(input: Uint8Array, cuts: readonly number[]): { reaction: string; events: string[] } {
  const recorder = new Recorder();
  recorder.receive(input, cuts);
  return { reaction: reaction(recorder), events: recorder.events };
}

function check(row: FrameRow, before: Uint8Array): void {
  const input = bytes(before, ...row.frames);
  const once = play(input, []);
  assertEquals(once.reaction, row.expect, row.rule);
  // Large rows are there for their size; a few splits will do.
  const step = input.length > 4000 ? 1777 : 1;
  for (let cut = before.length === 0 ? 1 : before.length; cut < input.length; cut += step) {
    assertEquals(play(input, [cut]), once, `${row.rule}, split at ${cut}`);
  }
  if (step > 1) return;
  const everywhere = Array.from({ length: input.length }, (_, i) => i);
  assertEquals(play(input, everywhere), once, `${row.rule}, byte by byte`);
}

Deno.test(`${frameRows.length} rows of frames, at every split point`, () => {
  for (const row of frameRows) check(row, opening);
});

Deno.test("what a connection begins with", () => {
  for (const row of openingRows) check(row, new Uint8Array(0));
});

Deno.test("blocks that cannot be decoded end the connection", () => {
  for (const { rule, block } of faultyBlocks) {
    const row = {
      rule,
      frames: [frame(Type.headers, whole, 1, block)],
      expect: "connection COMPRESSION_ERROR",
    };
    check(row, opening);
  }
});
