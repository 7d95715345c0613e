import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { StartError } from "../../../../mod/base/errors.ts";
import { ReplaySchedule } from "../../../../mod/load/replay/replay_schedule.ts";

const decoder = new TextDecoder();
const place = { index: 0, threadCount: 1, warmupMs: 0, requestCount: Infinity };
const encoder = new TextEncoder();
const fields = encoder.encode("Host: h\r\n\r\n");
const fieldsOfEmpty = encoder.encode("Host: h\r\nContent-Length: 0\r\n\r\n");

/** A log with requests at these seconds, each for its number; text is a line as it is. */
async function logOf(lines: readonly (number | string)[]): Promise<string> {
  const path = await Deno.makeTempFile();
  let number = 0;
  const text = lines.map((line) => {
    if (typeof line === "string") return line;
    const second = String(line).padStart(2, "0");
    return `h - - [31/Jan/2026:12:00:${second} +0000] "GET /${++number} HTTP/1.1" 200 1 "-" "-"`;
  });
  await Deno.writeTextFile(path, `${text.join("\n")}\n`);
  return path;
}

/** `due path` of all requests, from 1000 on. */
async function replay(
  lines: readonly (number | string)[],
  changes: Partial<typeof place> & { readonly speed?: number } = {},
) {
  const path = await logOf(lines);
  const { speed = 1, ...places } = changes;
  const schedule = new ReplaySchedule({ path, speed, fields, fieldsOfEmpty }, {
    ...place,
    ...places,
  });
  await Deno.remove(path);
  schedule.begin(1000);
  return schedule;
}

function takeAll(schedule: ReplaySchedule): string[] {
  const taken: string[] = [];
  while (schedule.nextDueMs < Infinity) {
    const dueMs = schedule.take();
    taken.push(`${Math.round(dueMs)} ${decoder.decode(schedule.made.bytes).split(" ")[1]}`);
  }
  schedule.close();
  return taken;
}

Deno.test("requests of one second are spread evenly over it, at the log's pace", async () => {
  const lines = [5, 5, 5, 5, 6, 9, 9];
  const expected = ["1000 /1", "1250 /2", "1500 /3", "1750 /4", "2000 /5", "5000 /6", "5500 /7"];
  assertEquals(takeAll(await replay(lines)), expected);
  const doubled = takeAll(await replay(lines, { speed: 2 }));
  assertEquals(doubled.slice(3), ["1375 /4", "1500 /5", "3000 /6", "3250 /7"]);
});

Deno.test("threads share the requests of a log without gaps or repeats", async () => {
  const lines = Array.from({ length: 100 }, (_, index) => Math.floor(index / 7));
  const all = takeAll(await replay(lines));
  const parts = await Promise.all(
    [0, 1, 2].map((index) => replay(lines, { index, threadCount: 3 })),
  );
  const byDue = (a: string, b: string) => parseInt(a) - parseInt(b);
  assertEquals(parts.flatMap(takeAll).sort(byDue), all);
});

Deno.test("lines that are no requests are counted and do not take time", async () => {
  const schedule = await replay([1, "nonsense", "", 1, '- - - [x] "-"', 3]);
  assertEquals(takeAll(schedule), ["1000 /1", "1500 /2", "3000 /3"]);
  assertEquals(schedule.badCount, 2);
});

Deno.test("a time before that of the line above is the same time", async () => {
  assertEquals(takeAll(await replay([1, 2, 1, 2])), ["1000 /1", "2000 /2", "2333 /3", "2667 /4"]);
});

Deno.test("a request with a body is sent with an empty one, and counted", async () => {
  const line = (method: string) => `- - - [31/Jan/2026:12:00:01 +0000] "${method} /b HTTP/1.1" 1 1`;
  const schedule = await replay(["POST", "PUT", "PATCH", "GET", "DELETE", "PURGE"].map(line));
  const heads: string[] = [];
  while (schedule.nextDueMs < Infinity) {
    schedule.take();
    const { bytes, ends } = schedule.made;
    assertEquals(ends, Int32Array.of(bytes.length));
    heads.push(decoder.decode(bytes));
  }
  assertEquals(heads[0], "POST /b HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n");
  assertEquals(heads[5], "PURGE /b HTTP/1.1\r\nHost: h\r\n\r\n");
  assertEquals(schedule.bodilessCount, 3);
  schedule.close();
});

Deno.test("what is due and was not taken is counted, after the warm-up", async () => {
  const schedule = await replay([1, 2, 3, 4, 5, 6], { warmupMs: 2000 });
  schedule.take();
  // The second is late when the warm-up ends; the third is due at that moment, and measured.
  assertEquals(schedule.dropWarmup(), 1);
  assertEquals(schedule.take(), 3000);
  assertEquals(schedule.measuredTaken, 1);
  assertAlmostEquals(schedule.overdue(4100), 1, 0.2);
  assertEquals(schedule.measuredDue(5500), 3);
  schedule.close();
  const limited = await replay([1, 2, 3, 4], { requestCount: 2 });
  assertEquals(takeAll(limited).length, 2);
});

Deno.test("a log without a request, and one that is missing, are faults", async () => {
  const path = await logOf(["nonsense"]);
  const plan = { path, speed: 1, fields, fieldsOfEmpty };
  assertThrows(
    () => new ReplaySchedule(plan, place),
    StartError,
    `${path}: no line of an access log in it`,
  );
  await Deno.remove(path);
  assertThrows(() => new ReplaySchedule(plan, place), StartError, "no such file");
});
