import { assertEquals } from "@std/assert";
import { oomScoreStep } from "../../../../mod/process/children/oom_score.ts";

Deno.test("oomScoreStep() is 64 MiB in thousandths of the smallest limit, at least 1", () => {
  const host = { "/proc/meminfo": "MemTotal:       65536000 kB\nMemFree: 1 kB\n" };
  const v2 = (limit: string) => ({ ...host, "/sys/fs/cgroup/memory.max": `${limit}\n` });
  const v1 = { ...host, "/sys/fs/cgroup/memory/memory.limit_in_bytes": "1073741824\n" };
  const cases: readonly (readonly [Readonly<Record<string, string>>, number])[] = [
    [host, 1],
    [v2("max"), 1],
    [v2("67108864"), 1000],
    [v2("134217728"), 500],
    [v2("33554432"), 1000],
    [v1, 63],
    [{}, 1],
  ];
  for (const [files, step] of cases) {
    assertEquals(oomScoreStep((path) => files[path] ?? null), step, JSON.stringify(files));
  }
});
