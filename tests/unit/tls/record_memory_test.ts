import { assertEquals } from "@std/assert";
import { libssl } from "../../../mod/sys/libssl.ts";
import { RecordMemory } from "../../../mod/tls/record_memory.ts";

// Loaded here, so that libraries that stay open do not count as a leak of a single test.
libssl();
const inside = Deno.dlopen("libssl.so.3", {
  SSL_get_rbio: { parameters: ["pointer"], result: "pointer" },
  SSL_get_wbio: { parameters: ["pointer"], result: "pointer" },
}).symbols;

const bytes = (length: number, first = 0) =>
  Uint8Array.from({ length }, (_, index) => (first + index) & 0xff);

/** The BIOs of a memory, as an SSL object gets them. */
function bios(memory: RecordMemory): { input: Deno.PointerObject; output: Deno.PointerObject } {
  const lib = libssl();
  const ssl = lib.SSL_new(lib.SSL_CTX_new(lib.TLS_server_method()))!;
  memory.attach(ssl);
  return { input: inside.SSL_get_rbio(ssl)!, output: inside.SSL_get_wbio(ssl)! };
}

function read(bio: Deno.PointerObject, length: number): number[] {
  const target = new Uint8Array(length);
  const count = libssl().BIO_read(bio, target, length);
  return [...target.subarray(0, Math.max(0, count))];
}

Deno.test("input is read from where it lies, and taken away with what is left of it", () => {
  const memory = new RecordMemory();
  const { input } = bios(memory);
  assertEquals(read(input, 10), [], "empty at first");
  const large = bytes(5000);
  for (
    const [source, start, end] of [[large, 0, 5000], [large, 4090, 4100], [
      bytes(20),
      3,
      9,
    ]] as const
  ) {
    memory.aim(source, start, end);
    assertEquals(memory.unread, end - start);
    assertEquals(read(input, 4), [...source.subarray(start, start + 4)]);
    assertEquals(memory.release(), end - start - 4);
    assertEquals(read(input, 4), []);
  }
  memory.aim(bytes(20, 100), 0, 2);
  assertEquals(read(input, 4), [100, 101], "a second short buffer");
  assertEquals(memory.release(), 0);
});

Deno.test("output lies at the beginning of `output`, also after it has grown", () => {
  const memory = new RecordMemory();
  const { output } = bios(memory);
  assertEquals(memory.takeOutput(), 0);
  for (const length of [1, 300, 70_000, 200_000, 5]) {
    const source = bytes(length, length);
    libssl().BIO_write(output, source, length);
    assertEquals(memory.takeOutput(), length);
    assertEquals(memory.output.subarray(0, length), source);
    assertEquals(memory.takeOutput(), 0);
    assertEquals(read(output, 1), [], "nothing is left for another connection");
  }
});
