import { assertEquals, assertRejects } from "@std/assert";
import { Histogram } from "../../../mod/metrics/histogram.ts";
import { decodeHistogram, encodeHistogram } from "../../../mod/metrics/histogram_v2.ts";

Deno.test("decodeHistogram() restores what encodeHistogram() was given", async () => {
  const histogram = new Histogram();
  for (let value = 0; value < 3e9; value = value * 1.7 + 1) {
    histogram.recordMany(value, Math.floor(value) + 1);
  }
  const decoded = await decodeHistogram(await encodeHistogram(histogram));
  assertEquals(decoded.slots.slice(0, -1), histogram.slots.slice(0, -1));
});

Deno.test("an empty histogram survives the round trip", async () => {
  const decoded = await decodeHistogram(await encodeHistogram(new Histogram()));
  assertEquals(decoded.count, 0);
  assertEquals(decoded.maxUs, 0);
});

Deno.test("counters above 2^32 survive the round trip", async () => {
  const histogram = new Histogram();
  histogram.recordMany(5, 2 ** 45);
  const decoded = await decodeHistogram(await encodeHistogram(histogram));
  assertEquals(decoded.slots[5], 2 ** 45);
});

Deno.test("encodeHistogram() writes the cookies and the header of HdrHistogram's V2", async () => {
  const histogram = new Histogram();
  histogram.record(3);
  const framed = Uint8Array.fromBase64(await encodeHistogram(histogram));
  assertEquals([...framed.slice(0, 4)], [0x1c, 0x84, 0x93, 0x14]);
  const stream = new Blob([framed.slice(8)]).stream().pipeThrough(
    new DecompressionStream("deflate"),
  );
  const plain = new Uint8Array(await new Response(stream).arrayBuffer());
  assertEquals([...plain.slice(0, 4)], [0x1c, 0x84, 0x93, 0x13]);
  // Payload of two numbers: a run of three zeros (-3 is 5 in ZigZag), then one count of 1 (2).
  assertEquals([...plain.slice(4, 8)], [0, 0, 0, 2]);
  assertEquals([...plain.slice(40)], [5, 2]);
});

Deno.test("decodeHistogram() refuses text that is broken, with one clear reason", async () => {
  const good = await encodeHistogram(new Histogram());
  for (const text of ["", "@@@", "AAAA", "AAAAAAAAAAAAAAAA", good.slice(0, 20)]) {
    await assertRejects(() => decodeHistogram(text), SyntaxError, "Cannot decode the histogram");
  }
});

/** Text of a histogram with this payload, whose length it announces as `length`. */
async function packed(payload: Uint8Array, length: number): Promise<string> {
  const plain = new Uint8Array(40 + payload.length);
  const head = new DataView(plain.buffer);
  head.setInt32(0, 0x1c849313);
  head.setInt32(4, length);
  head.setInt32(12, 3);
  head.setBigInt64(16, 1n);
  head.setBigInt64(24, 3_600_000_000n);
  plain.set(payload, 40);
  const stream = new Blob([plain]).stream().pipeThrough(new CompressionStream("deflate"));
  const compressed = new Uint8Array(await new Response(stream).arrayBuffer());
  const framed = new Uint8Array(8 + compressed.length);
  new DataView(framed.buffer).setInt32(0, 0x1c849314);
  new DataView(framed.buffer).setInt32(4, compressed.length);
  framed.set(compressed, 8);
  return framed.toBase64();
}

Deno.test("decodeHistogram() unpacks no more than a histogram can have", async () => {
  const bomb = new Uint8Array(20 << 20);
  for (const length of [0, bomb.length, -1]) {
    await assertRejects(
      async () => decodeHistogram(await packed(bomb, length)),
      SyntaxError,
      "Cannot decode the histogram: it unpacks to more than ",
    );
  }
  await assertRejects(
    async () => decodeHistogram(await packed(new Uint8Array(1), -1)),
    SyntaxError,
    "Cannot decode the histogram: it is cut off",
  );
});
