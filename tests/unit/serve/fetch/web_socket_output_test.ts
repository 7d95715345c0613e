import { assert, assertEquals } from "@std/assert";
import { FrameQueue } from "../../../../mod/serve/fetch/web_socket_output.ts";

/** Takes `room` bytes at a time. */
class Sink {
  readonly taken: number[] = [];
  calls = 0;
  room = Infinity;

  write(bytes: Uint8Array, start: number, end: number): number {
    this.calls++;
    const count = Math.min(this.room, end - start);
    this.taken.push(...bytes.subarray(start, start + count));
    return count;
  }
}

Deno.test("FrameQueue keeps order and length however little the socket accepts", () => {
  const queue = new FrameQueue();
  const sink = new Sink();
  const expected: number[] = [];
  const flush = (room: number) => {
    sink.room = room;
    queue.flush(sink as never);
  };
  for (let i = 0; i < 2000; i++) {
    const size = i % 97 === 0 ? 5000 + i : i % 40;
    const frame = new Uint8Array(size).fill(i & 0xff);
    expected.push(...frame);
    queue.push(frame);
    if (i % 13 === 0) flush(i % 701);
    assertEquals(queue.length, expected.length - sink.taken.length);
  }
  while (queue.length > 0) flush(10_007);
  assert(sink.taken.length === expected.length);
  assertEquals(sink.taken.findIndex((byte, i) => byte !== expected[i]), -1);
  const { calls } = sink;
  for (let i = 0; i < 500; i++) queue.push(new Uint8Array(6));
  flush(Infinity);
  assertEquals(sink.calls - calls, 1, "small frames leave together");
});
