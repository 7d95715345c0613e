import { assert, assertEquals } from "@std/assert";
import { StreamSink } from "../../../mod/log/stream_sink.ts";
import { say, silence } from "./sink_lines.ts";

/** A stream whose writes end when the test says so. */
class SlowStream {
  readonly taken: string[] = [];
  release: () => void = silence;
  async write(bytes: Uint8Array): Promise<number> {
    this.taken.push(new TextDecoder().decode(bytes));
    await new Promise<void>((resolve) => this.release = resolve);
    return bytes.length;
  }
  writeSync(bytes: Uint8Array): number {
    this.taken.push(new TextDecoder().decode(bytes));
    return bytes.length;
  }
}

Deno.test("StreamSink writes immediately to a target that cannot block", async () => {
  const stream = new SlowStream();
  const sink = new StreamSink(stream, false);
  say(sink, "a");
  assertEquals(stream.taken, ["a\n"]);
  await sink.close();
});

Deno.test("StreamSink never waits for a stopped reader and reports how many lines it dropped", async () => {
  const stream = new SlowStream();
  const sink = new StreamSink(stream, true);
  say(sink, "first");
  await Promise.resolve();
  for (let i = 0; i < 1100; i++) say(sink, "x".repeat(1023));
  assertEquals(stream.taken, ["first\n"]);
  assertEquals(sink.droppedCount, 1100 - 1024);
  const closed = sink.close();
  for (let i = 0; i < 20; i++) {
    stream.release();
    await Promise.resolve();
  }
  await closed;
  const lines = stream.taken.join("").split("\n");
  assertEquals(lines.filter((line) => line.startsWith("xxx")).length, 1024);
  assert(lines.includes("76 log lines were dropped: the reader of this stream is too slow"));
});

Deno.test("StreamSink drops a reader that has exited, without an error", () => {
  const gone = {
    write: () => Promise.reject(new Deno.errors.BrokenPipe("gone")),
    writeSync(): number {
      throw new Deno.errors.BrokenPipe("gone");
    },
  };
  const sink = new StreamSink(gone, false);
  say(sink, "a");
  say(sink, "b");
  assertEquals(sink.droppedCount, 2);
});
