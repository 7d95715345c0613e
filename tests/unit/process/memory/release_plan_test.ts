/** When memory is given back. */
import { assertEquals } from "@std/assert";
import { ReleasePlan } from "../../../../mod/process/memory/release_plan.ts";

interface Look {
  readonly mib: number;
  /** Percent of a core since the last look. */
  readonly cpu?: number;
  readonly connections?: number;
}

/** The steps after looks that are 5 s apart, by their first letters. */
function stepsOf(looks: readonly Look[]): string {
  const plan = new ReleasePlan();
  let cpuMs = 0;
  return looks.map(({ mib, cpu = 0, connections = 0 }, index) => {
    cpuMs += 50 * cpu;
    const anonymousBytes = mib * 2 ** 20;
    return plan.next({
      nowMs: 5000 * index,
      anonymousBytes,
      cpuMs,
      connectionCount: connections,
    })[0];
  }).join("");
}

const times = (count: number, look: Look) => new Array<Look>(count).fill(look);

Deno.test("small growth causes no collection", () => {
  assertEquals(stepsOf([{ mib: 26 }, ...times(9, { mib: 41 })]), "r".repeat(10));
});

Deno.test("growth of a quiet process is collected, then trimmed twice", () => {
  assertEquals(stepsOf([{ mib: 26 }, { mib: 100 }, ...times(8, { mib: 36 })]), "rcttrrrrrr");
});

Deno.test("attempts without gain become less frequent", () => {
  const steps = stepsOf([{ mib: 26 }, ...times(400, { mib: 100 })]);
  assertEquals(steps.startsWith("rcttrrrrctt"), true, steps);
  // 33 minutes: each attempt takes 15 s; the next comes after 20, 40, 80 s and so on, up to 10 minutes.
  assertEquals(steps.split("c").length - 1, 8);
});

Deno.test("departed clients cause another attempt immediately", () => {
  const busy = { mib: 100, connections: 500 };
  assertEquals(stepsOf([{ mib: 26 }, ...times(5, busy), { mib: 100 }]), "rcttrrc");
});

Deno.test("a busy process is collected after a minute", () => {
  const steps = stepsOf([{ mib: 26 }, ...times(14, { mib: 100, cpu: 80 })]);
  assertEquals(steps, "r".repeat(13) + "ct");
});
