import { assertEquals, assertThrows } from "@std/assert";
import { StartError } from "../../../../mod/base/errors.ts";
import { LineReader } from "../../../../mod/load/replay/line_reader.ts";

async function linesOf(text: string): Promise<{ lines: string[]; skipped: number }> {
  const path = await Deno.makeTempFile();
  await Deno.writeTextFile(path, text);
  const reader = new LineReader(path);
  const lines: string[] = [];
  const decoder = new TextDecoder();
  while (reader.next()) lines.push(decoder.decode(reader.bytes.slice(reader.start, reader.end)));
  reader.close();
  await Deno.remove(path);
  return { lines, skipped: reader.skippedCount };
}

Deno.test("LineReader reads every line, whatever ends it and wherever the buffer ends", async () => {
  assertEquals(await linesOf("a\nb\r\n\nc"), { lines: ["a", "b", "", "c"], skipped: 0 });
  assertEquals(await linesOf(""), { lines: [], skipped: 0 });
  assertEquals(await linesOf("\n"), { lines: [""], skipped: 0 });
  // More than three buffers of lines of every length.
  const lines = Array.from({ length: 20_000 }, (_, index) => `${index}`.padEnd(index % 50, "x"));
  assertEquals((await linesOf(`${lines.join("\n")}\n`)).lines, lines);
  assertEquals((await linesOf(lines.join("\r\n"))).lines, lines);
});

Deno.test("LineReader skips a line that is longer than its buffer, and counts it", async () => {
  const long = "x".repeat(300_000), fits = "y".repeat(100_000);
  assertEquals(await linesOf(`a\n${long}\n${fits}\n${long}\nb\n`), {
    lines: ["a", fits, "b"],
    skipped: 2,
  });
  assertEquals(await linesOf(`a\n${long}`), { lines: ["a"], skipped: 1 });
});

Deno.test("LineReader says why it cannot read a file", () => {
  assertThrows(() => new LineReader("/no/such"), StartError, "/no/such: no such file");
  const folder = new LineReader("/tmp");
  assertThrows(() => folder.next(), StartError, "/tmp: Is a directory");
  folder.close();
});
