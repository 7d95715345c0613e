import { assert, assertEquals, assertThrows } from "@std/assert";
import { StartError } from "../../../mod/base/errors.ts";
import { FileSink } from "../../../mod/log/mod.ts";
import { say, silence } from "./sink_lines.ts";

async function inFolder(test: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await test(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("FileSink appends, buffers, and writes at flush()", () =>
  inFolder(async (folder) => {
    const path = `${folder}/a.log`;
    await Deno.writeTextFile(path, "old\n");
    const sink = new FileSink(path, silence);
    say(sink, "one");
    assertEquals(await Deno.readTextFile(path), "old\n");
    sink.flush();
    assertEquals(await Deno.readTextFile(path), "old\none\n");
    await sink.close();
  }));

Deno.test("FileSink writes by itself once 64 KB wait", () =>
  inFolder(async (folder) => {
    const sink = new FileSink(`${folder}/a.log`, silence);
    for (let i = 0; i < 70; i++) say(sink, "x".repeat(1000));
    assert((await Deno.stat(`${folder}/a.log`)).size >= 64 * 1024);
    await sink.close();
    assertEquals((await Deno.stat(`${folder}/a.log`)).size, 70 * 1001);
  }));

Deno.test("FileSink.reopen() follows a moved file without losing lines", () =>
  inFolder(async (folder) => {
    const sink = new FileSink(`${folder}/a.log`, silence, { immediate: true });
    say(sink, "before");
    await Deno.rename(`${folder}/a.log`, `${folder}/a.log.1`);
    say(sink, "between");
    sink.reopen();
    say(sink, "after");
    await sink.close();
    assertEquals(await Deno.readTextFile(`${folder}/a.log.1`), "before\nbetween\n");
    assertEquals(await Deno.readTextFile(`${folder}/a.log`), "after\n");
  }));

Deno.test("FileSink.reopen() keeps the old file when the new one cannot be opened", () =>
  inFolder(async (folder) => {
    const complaints: string[] = [];
    await Deno.mkdir(`${folder}/logs`);
    const sink = new FileSink(`${folder}/logs/a.log`, (message) => complaints.push(message), {
      immediate: true,
    });
    await Deno.rename(`${folder}/logs`, `${folder}/moved`);
    sink.reopen();
    say(sink, "still here");
    await sink.close();
    assertEquals(await Deno.readTextFile(`${folder}/moved/a.log`), "still here\n");
    assertEquals(complaints, [
      `cannot reopen log file ${folder}/logs/a.log, still using the old one: No such file or directory`,
    ]);
  }));

Deno.test("FileSink.reopen() does nothing after close()", () =>
  inFolder(async (folder) => {
    const complaints: string[] = [];
    const sink = new FileSink(`${folder}/a.log`, (message) => complaints.push(message));
    await sink.close();
    sink.reopen();
    assertEquals(complaints, []);
  }));

Deno.test("FileSink explains in one line why a file cannot be opened", () => {
  assertThrows(
    () => new FileSink("/nonexistent/a.log", silence),
    StartError,
    "cannot open log file /nonexistent/a.log: No such file or directory",
  );
});

Deno.test("FileSink reports a full disk once and counts the lost lines", async () => {
  const complaints: string[] = [];
  const sink = new FileSink("/dev/full", (message) => complaints.push(message), {
    immediate: true,
  });
  for (let i = 0; i < 5; i++) say(sink, "lost");
  assertEquals([sink.droppedCount, complaints.length], [5, 1]);
  await sink.close();
});
