import { assert, assertEquals } from "@std/assert";
import { attacks } from "../../../../../scripts/benchmarks/http2/attacks.ts";

interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly id: number;
}

/** The frames of one round; their lengths add up to it. */
function framesOf(input: Uint8Array): Frame[] {
  const view = new DataView(input.buffer, input.byteOffset, input.length);
  const frames: Frame[] = [];
  let at = 0;
  while (at < input.length) {
    frames.push({ type: input[at + 3], flags: input[at + 4], id: view.getUint32(at + 5) });
    at += 9 + (view.getUint16(at) << 8 | input[at + 2]);
  }
  assertEquals(at, input.length);
  return frames;
}

const rounds = (name: string, count: number) => {
  const attack = attacks.find((each) => each.name === name)!;
  return Array.from({ length: count }, (_, round) => framesOf(attack.rounds(round)));
};

Deno.test("every attack has a name of its own, and frames in its first rounds", () => {
  assertEquals(new Set(attacks.map(({ name }) => name)).size, attacks.length);
  for (const { name } of attacks) assert(rounds(name, 2).flat().length > 0, name);
});

Deno.test("rapid-reset opens each stream once, in ascending order, and resets it", () => {
  const frames = rounds("rapid-reset", 2).flat();
  const opened = frames.filter(({ type }) => type === 1).map(({ id }) => id);
  assertEquals(opened, opened.map((_, index) => 2 * index + 1));
  assertEquals(frames.filter(({ type }) => type === 3).map(({ id }) => id), opened);
});

Deno.test("zero-window asks once and then waits", () => {
  const [first, second] = rounds("zero-window", 2);
  assertEquals([first.length, second.length], [100, 0]);
});

Deno.test("floods hold frames of one type without an acknowledgement", () => {
  for (const [name, type] of [["settings-flood", 4], ["ping-flood", 6]] as const) {
    const [first] = rounds(name, 1);
    assert(first.every((frame) => frame.type === type && frame.flags === 0), name);
  }
});

Deno.test("slow-heads begins one head, which no frame ends", () => {
  const [none, head, ...rest] = rounds("slow-heads", 4);
  assertEquals([none, head], [[], [{ type: 1, flags: 1, id: 1 }]]);
  assertEquals(rest.flat(), [{ type: 9, flags: 0, id: 1 }, { type: 9, flags: 0, id: 1 }]);
});
