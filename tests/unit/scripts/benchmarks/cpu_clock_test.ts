import { assert, assertEquals } from "@std/assert";
import { processCpuUs } from "../../../../scripts/benchmarks/cpu_clock.ts";

/** Own user and system time by proc(5), in microseconds: known to a tick each. */
function ownUs(): number {
  const stat = Deno.readTextFileSync("/proc/self/stat");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) * 10_000;
}

Deno.test("processCpuUs() agrees with /proc to two ticks, and grows with work", () => {
  const first = processCpuUs(Deno.pid)!;
  let sum = 0;
  while (processCpuUs(Deno.pid)! < first + 50_000) sum += Math.sqrt(sum);
  const before = ownUs();
  const between = processCpuUs(Deno.pid)!;
  const after = ownUs();
  assert(between > before - 1000 && between < after + 21_000, `${before}, ${between}, ${after}`);
});

Deno.test("processCpuUs() is null for a process that has ended", async () => {
  const child = new Deno.Command("true").spawn();
  await child.status;
  assertEquals(processCpuUs(child.pid), null);
});
