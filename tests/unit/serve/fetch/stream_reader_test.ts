import { assert, assertEquals } from "@std/assert";
import { directStreamOf } from "../../../../mod/serve/fetch/direct_stream.ts";
import { type StreamEvents, StreamReader } from "../../../../mod/serve/fetch/stream_reader.ts";

/** Records events; is full after each chunk until `room` allows more. */
class Recorder implements StreamEvents {
  readonly seen: unknown[] = [];
  room = Infinity;
  onChunk(chunk: unknown): boolean {
    this.seen.push(chunk);
    return --this.room > 0;
  }
  onEnd(): void {
    this.seen.push("end");
  }
  onFailure(error: unknown): void {
    this.seen.push(error);
  }
}

type Source = UnderlyingDefaultSource<unknown>;
/** A stream of Deno's class, and one that only has the interface of one. */
const kinds: readonly [string, (source: Source) => ReadableStream<Uint8Array>][] = [
  ["direct", (source) => new ReadableStream(source) as ReadableStream<Uint8Array>],
  ["foreign", (source) => {
    const stream = new ReadableStream(source);
    return { getReader: () => stream.getReader() } as unknown as ReadableStream<Uint8Array>;
  }],
];

/** More turns than any step here needs. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 50; turn++) await null;
}

Deno.test("this Deno's streams can be read directly, others are not", () => {
  assert(directStreamOf(new ReadableStream()) !== null);
  assert(directStreamOf(new Response("text").body!) !== null);
  assertEquals(directStreamOf({} as ReadableStream), null);
});

for (const [kind, make] of kinds) {
  Deno.test(`StreamReader reads all chunks in order, and the end (${kind})`, async () => {
    const recorder = new Recorder();
    const stream = make({
      start(controller) {
        for (let i = 0; i < 5000; i++) controller.enqueue(i);
        controller.close();
      },
    });
    new StreamReader(stream).start(recorder);
    while (recorder.seen.at(-1) !== "end") await null;
    assertEquals(recorder.seen.length, 5001);
    assertEquals(recorder.seen.slice(0, 3), [0, 1, 2]);
  });

  Deno.test(`StreamReader waits while its receiver is full (${kind})`, async () => {
    const recorder = new Recorder();
    recorder.room = 2;
    let pulls = 0;
    const reader = new StreamReader(make({
      pull(controller) {
        controller.enqueue(++pulls);
      },
    }));
    reader.start(recorder);
    await settle();
    assertEquals([recorder.seen, pulls < 5], [[1, 2], true]);
    recorder.room = 1;
    reader.resume();
    await settle();
    assertEquals(recorder.seen, [1, 2, 3]);
  });

  Deno.test(`StreamReader reports a failure once, and nothing once cancelled (${kind})`, async () => {
    const recorder = new Recorder();
    let controller: ReadableStreamDefaultController | undefined;
    new StreamReader(make({ start: (own) => void (controller = own) })).start(recorder);
    controller!.enqueue("a");
    await settle();
    controller!.error("broken");
    await settle();
    assertEquals(recorder.seen, ["a", "broken"]);

    const second = new Recorder();
    let cancelled: unknown = null;
    const reader = new StreamReader(make({ cancel: (reason) => void (cancelled = reason) }));
    reader.start(second);
    reader.cancel("gone");
    await settle();
    assertEquals([second.seen, cancelled], [[], "gone"]);
  });
}

Deno.test("StreamReader hands a chunk over while it is enqueued", () => {
  const recorder = new Recorder();
  let controller: ReadableStreamDefaultController | undefined;
  const stream = new ReadableStream({ start: (own) => void (controller = own) });
  new StreamReader(stream).start(recorder);
  controller!.enqueue("now");
  assertEquals(recorder.seen, ["now"]);
  controller!.close();
  assertEquals(recorder.seen, ["now"], "trailers may be set after close()");
});
