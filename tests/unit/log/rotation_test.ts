import { assertEquals } from "@std/assert";
import { FileSink, type Sink } from "../../../mod/log/mod.ts";
import { Rotation, type RotationRule } from "../../../mod/log/rotation.ts";

function say(sink: Sink, text: string): void {
  sink.buffer.text(`${text}\n`);
  sink.endLine();
}

const never: RotationRule = { intervalMs: 0, bytesMax: 0, backupCount: 2, adjustMs: 0 };

async function inFolder(test: (path: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await test(`${folder}/a.log`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function open(path: string, rule: Partial<RotationRule>, now?: () => number): FileSink {
  const rotation = new Rotation({ ...never, ...rule }, now, () => 0.5);
  const complain = (message: string) => {
    throw new Error(message);
  };
  return new FileSink(path, complain, { immediate: true, rotation });
}

async function contents(path: string, count: number): Promise<string[]> {
  const names = [path, ...Array.from({ length: count }, (_, index) => `${path}.${index + 1}`)];
  return await Promise.all(names.map((name) => Deno.readTextFile(name).catch(() => "(none)")));
}

Deno.test("Rotation by size keeps the configured number of old files", () =>
  inFolder(async (path) => {
    const sink = open(path, { bytesMax: 4 });
    for (const text of ["one", "two", "three", "four"]) say(sink, text);
    await sink.close();
    assertEquals(await contents(path, 3), ["four\n", "three\n", "two\n", "(none)"]);
  }));

Deno.test("Rotation by time happens at multiples of the interval plus the adjustment", () =>
  inFolder(async (path) => {
    let now = new Date(2026, 0, 1, 10, 30).getTime();
    const sink = open(path, { intervalMs: 3_600_000, adjustMs: 60_000 }, () => now);
    say(sink, "10:30");
    now = new Date(2026, 0, 1, 11, 0, 29).getTime();
    say(sink, "11:00:29");
    now = new Date(2026, 0, 1, 11, 0, 30).getTime();
    say(sink, "11:00:30");
    await sink.close();
    assertEquals(await contents(path, 1), ["11:00:30\n", "10:30\n11:00:29\n"]);
  }));

Deno.test("Rotation of a file that several processes share happens once", () =>
  inFolder(async (path) => {
    let now = new Date(2026, 0, 1, 10, 59).getTime();
    const sinks = [1, 2, 3].map(() => open(path, { intervalMs: 3_600_000 }, () => now));
    for (const sink of sinks) say(sink, "old");
    now += 60_000;
    for (const sink of sinks) say(sink, "new");
    for (const sink of sinks) await sink.close();
    assertEquals(await contents(path, 2), ["new\nnew\nnew\n", "old\nold\nold\n", "(none)"]);
  }));

Deno.test("Rotation follows a file that another process moved", () =>
  inFolder(async (path) => {
    const sink = open(path, {});
    say(sink, "a");
    await Deno.rename(path, `${path}.1`);
    say(sink, "b");
    await sink.close();
    assertEquals(await contents(path, 1), ["b\n", "a\n"]);
  }));
