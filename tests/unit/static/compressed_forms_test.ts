import { assertEquals, assertStrictEquals } from "@std/assert";
import {
  CompressedForms,
  type CompressionLibrary,
  Making,
} from "../../../mod/static/compressed_forms.ts";
import { isCompressible } from "../../../mod/static/compressible.ts";
import type { OpenFile } from "../../../mod/static/open_file.ts";
import { Representation } from "../../../mod/static/resource.ts";
import { codings } from "../../../mod/static/codings.ts";

const [br, zstd] = codings;

/** Takes half of the bytes for the compressed form; counts its work. */
class HalfLibrary implements CompressionLibrary {
  count = 0;
  factor = 0.5;
  waiting: (() => void)[] = [];

  compress(bytes: Uint8Array): Uint8Array {
    this.count++;
    return bytes.slice(0, bytes.length * this.factor);
  }

  openCompressor(_: string, __: number, events: {
    onData(bytes: Uint8Array): void;
    onEnd(): void;
  }) {
    this.count++;
    return {
      write: (bytes: Uint8Array, onTaken: () => void) => {
        events.onData(bytes.slice(0, bytes.length * this.factor));
        this.waiting.push(onTaken);
      },
      end: () => this.waiting.push(() => events.onEnd()),
      cancel() {},
    };
  }

  run(): void {
    for (let next = this.waiting.shift(); next !== undefined; next = this.waiting.shift()) next();
  }
}

const host = {
  asyncCount: 0,
  beginAsync: () => void host.asyncCount++,
  endAsync: () => void host.asyncCount--,
  setTimer: (_: number, callback: () => void) => (callback(), 1),
};

function inMemory(size: number): Representation {
  return new Representation(null, size, new Uint8Array(size), 0, `"${size}"`, "text/css", null);
}

function onDisk(size: number, readable = size): Representation {
  const file: OpenFile = {
    size,
    modifiedMs: 0,
    fd: -1,
    readAt: (offset, _, start, end) => Math.max(0, Math.min(end - start, readable - offset)),
    close() {},
  };
  return new Representation(file, size, null, 0, `"${size}"`, "text/css", null);
}

Deno.test("a small file is compressed once for each coding", () => {
  const library = new HalfLibrary();
  const forms = new CompressedForms(library, host);
  const plain = inMemory(1000);
  const form = forms.formOf(plain, br) as Representation;
  assertEquals([form.size, form.etag, form.coding], [500, '"1000-br"', br]);
  assertStrictEquals(forms.formOf(plain, br), form);
  forms.formOf(plain, zstd);
  assertEquals([library.count, forms.keptBytes], [2, 1000]);
});

Deno.test("a large file is compressed a piece at a time, and everybody waits for the same", () => {
  const library = new HalfLibrary();
  const forms = new CompressedForms(library, host);
  const plain = onDisk(1_000_000);
  const making = forms.formOf(plain, br) as Making;
  assertStrictEquals(forms.formOf(plain, br), making);
  let calls = 0;
  making.whenOver(() => calls++);
  making.whenOver(() => calls++);
  assertEquals(host.asyncCount, 1);
  library.run();
  assertEquals([calls, host.asyncCount, library.count], [2, 0, 1]);
  assertEquals((forms.formOf(plain, br) as Representation).size, 500_000);
});

Deno.test("a form that is no smaller, or a file that shrinks, leaves the file as it is", () => {
  const library = new HalfLibrary();
  library.factor = 1;
  const forms = new CompressedForms(library, host);
  const plain = inMemory(1000);
  assertEquals(forms.formOf(plain, br), null);
  assertEquals(forms.formOf(plain, br), null);
  assertEquals(library.count, 1);
  const shrunk = onDisk(100_000, 50_000);
  const making = forms.formOf(shrunk, br) as Making;
  library.run();
  assertEquals(making instanceof Making, true);
  assertEquals(forms.formOf(shrunk, br), null);
  assertEquals(forms.keptBytes, 0);
});

Deno.test("what is kept and what is under way is bounded", () => {
  const library = new HalfLibrary();
  const forms = new CompressedForms(library, host, {
    keptBytesMax: 1500,
    keptFilesMax: 10,
    underWayMax: 2,
  });
  const files = [1, 2, 3, 4].map(() => inMemory(1000));
  for (const plain of files.slice(0, 3)) forms.formOf(plain, br);
  // The first is the one most recently used.
  forms.formOf(files[0], br);
  forms.formOf(files[3], br);
  assertEquals(forms.keptBytes, 1500);
  assertEquals(library.count, 4);
  forms.formOf(files[0], br);
  assertEquals(library.count, 4);
  forms.formOf(files[1], br);
  assertEquals(library.count, 5);
  for (let i = 0; i < 2; i++) assertEquals(forms.formOf(onDisk(1e6), br) instanceof Making, true);
  assertEquals(forms.formOf(onDisk(1e6), br), null);
  library.run();
  assertEquals(forms.formOf(onDisk(1e6), br) instanceof Making, true);
  library.run();
});

Deno.test("files that do not become smaller are bounded by their number", () => {
  const library = new HalfLibrary();
  library.factor = 1;
  const limits = { keptBytesMax: 1500, keptFilesMax: 3, underWayMax: 2 };
  const forms = new CompressedForms(library, host, limits);
  const files = [1, 2, 3, 4].map(() => inMemory(1000));
  for (const plain of files) assertEquals(forms.formOf(plain, br), null);
  assertEquals(forms.formOf(files[3], br), null);
  assertEquals(library.count, 4);
  // The oldest has been forgotten, and is tried again.
  assertEquals(forms.formOf(files[0], br), null);
  assertEquals(library.count, 5);
});

Deno.test("text and code of a fitting size are worth it", () => {
  for (const type of ["text/html; charset=UTF-8", "application/json", "image/svg+xml"]) {
    assertEquals(isCompressible(type, 1000), true, type);
  }
  for (const type of ["image/png", "application/zip", "font/woff2", "video/mp4"]) {
    assertEquals(isCompressible(type, 1000), false, type);
  }
  assertEquals([isCompressible("text/css", 100), isCompressible("text/css", 9 << 20)], [
    false,
    false,
  ]);
});
