import { assertEquals } from "@std/assert";
import { encodeLine, LineReader } from "../../../../../mod/load/fleet/wire/lines.ts";

Deno.test("LineReader finds the lines of a stream, however it is split", () => {
  const messages = [{ kind: "a", text: "ä\n€" }, {}, [1], "x".repeat(50)];
  const bytes = messages.flatMap((message) => [...encodeLine(message)]);
  for (let size = 1; size < 40; size++) {
    const found: unknown[] = [];
    const reader = new LineReader((line) => found.push(JSON.parse(line)));
    for (let at = 0; at < bytes.length; at += size) {
      assertEquals(reader.take(Uint8Array.from(bytes.slice(at, at + size))), true);
    }
    assertEquals(found, messages);
  }
});

Deno.test("LineReader refuses a line without an end", () => {
  const reader = new LineReader(() => {}, 10);
  assertEquals(reader.take(new Uint8Array(10).fill(65)), true);
  assertEquals(reader.take(new Uint8Array(1).fill(65)), false);
});
