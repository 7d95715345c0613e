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
