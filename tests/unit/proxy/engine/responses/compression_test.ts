import { assertEquals } from "@std/assert";
import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from "node:zlib";
import { compress, openCompressor } from "../../../../../mod/std/compressor.ts";
import {
  chooseEncoding,
  compressedFields,
} from "../../../../../mod/proxy/engine/responses/compression.ts";

const plan = {
  encodings: ["br", "zstd", "gzip"] as const,
  gzipLevel: 1,
  brotliLevel: 1,
  zstdLevel: 1,
};
const html = [{ name: "Content-Type", value: "text/html" }];

function choose(accept: string, status = 200, length = 1000, fields = html): string | null {
  return chooseEncoding(plan, 100, accept, status, length, fields);
}

Deno.test("chooseEncoding() chooses the best encoding that the client accepts", () => {
  const rows: [string, string | null][] = [
    ["gzip, br, zstd", "br"],
    ["gzip, zstd", "zstd"],
    ["GZIP;q=0.1", "gzip"],
    ["br;q=0, *", "zstd"],
    ["*;q=0", null],
    ["identity", null],
    ["", null],
  ];
  for (const [accept, encoding] of rows) assertEquals(choose(accept), encoding, accept);
});

Deno.test("chooseEncoding() excludes errors, partial, short and compressed bodies", () => {
  const add = (name: string, value: string) => [...html, { name, value }];
  for (const status of [100, 204, 206, 301, 304, 404, 500]) {
    assertEquals(choose("gzip", status), null);
  }
  assertEquals(choose("gzip", 201), "gzip");
  assertEquals([choose("gzip", 200, 99), choose("gzip", 200, -1)], [null, "gzip"]);
  assertEquals(choose("gzip", 200, 1000, add("Content-Encoding", "br")), null);
  assertEquals(choose("gzip", 200, 1000, add("Cache-Control", "public, no-transform")), null);
  assertEquals(choose("gzip", 200, 1000, [{ name: "Content-Type", value: "image/png" }]), null);
});

Deno.test("compressedFields() weakens the validator, refuses ranges and adds Vary", () => {
  const fields = [
    { name: "ETag", value: '"x"' },
    { name: "Vary", value: "Origin" },
    { name: "Accept-Ranges", value: "bytes" },
  ];
  assertEquals(compressedFields(fields, "zstd"), [
    { name: "ETag", value: 'W/"x"' },
    { name: "Vary", value: "Origin, accept-encoding" },
    { name: "accept-ranges", value: "none" },
    { name: "content-encoding", value: "zstd" },
  ]);
});

const plain = { br: brotliDecompressSync, gzip: gunzipSync, zstd: zstdDecompressSync };
const bytes = new TextEncoder().encode("hayate ".repeat(5000));

for (const coding of ["br", "zstd", "gzip"] as const) {
  Deno.test(`compress() and openCompressor() write ${coding} that other programs can read`, async () => {
    assertEquals(new Uint8Array(plain[coding](compress(bytes, coding, 1))), bytes);
    const parts: Uint8Array[] = [];
    await new Promise<void>((resolve, reject) => {
      const compressor = openCompressor(coding, 1, {
        onData: (part) => void parts.push(part.slice()),
        onEnd: resolve,
        onError: () => reject(new Error(coding)),
      });
      compressor.write(bytes.slice(0, 100), () => {
        compressor.write(bytes.slice(100), () => compressor.end());
      });
    });
    assertEquals(new Uint8Array(plain[coding](await new Blob(parts as BlobPart[]).bytes())), bytes);
  });

  Deno.test(`Compressor.flush() outputs everything written so far in ${coding}`, async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    let length = 0;
    const compressor = openCompressor(coding, 1, {
      onData: (part) => {
        length += part.length;
        resolve();
      },
      onEnd: () => {},
      onError: () => {},
    });
    compressor.write(bytes.slice(0, 100), () => compressor.flush());
    await promise;
    assertEquals(length > 0, true);
    compressor.cancel();
  });
}
