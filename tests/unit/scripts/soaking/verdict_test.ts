import { assertEquals } from "@std/assert";
import {
  attribute,
  growths,
  type Sample,
  type Second,
  stretches,
} from "../../../../scripts/soaking/verdict.ts";

function second(index: number, failed: number, more: Partial<Second> = {}): Second {
  const startMs = index * 1000;
  const figures = { requests: 100, p50Us: 100, p99Us: 200, maxUs: 300 };
  return { startMs, endMs: startMs + 1000, failed, ...figures, ...more };
}

Deno.test("attribute() attributes failures to the kill of a worker just before", () => {
  const seconds = [second(0, 0), second(1, 3), second(2, 2), second(3, 0)];
  const { explained, unexplained } = attribute(
    seconds,
    [{ kind: "kill worker", atMs: 1200 }],
    100,
  );
  assertEquals(explained, { "kill worker": 5 });
  assertEquals(unexplained, []);
});

Deno.test("attribute() explains nothing by HUP, by an upstream's death, or by a later kill", () => {
  const seconds = [second(0, 1), second(5, 2)];
  const happened = [
    { kind: "HUP", atMs: 100 },
    { kind: "kill upstream", atMs: 4900 },
    { kind: "kill worker", atMs: 8000 },
  ] as const;
  assertEquals(attribute(seconds, happened, 100), {
    explained: {},
    unexplained: [{ atMs: 0, count: 1 }, { atMs: 5000, count: 2 }],
  });
});

Deno.test("attribute() lets one kill explain no more than the clients had open", () => {
  const kills = [{ kind: "kill worker", atMs: 100 }, {
    kind: "kill generation",
    atMs: 500,
  }] as const;
  const { explained, unexplained } = attribute([second(0, 25)], kills, 10);
  assertEquals(explained, { "kill worker": 10, "kill generation": 10 });
  assertEquals(unexplained, [{ atMs: 0, count: 5 }]);
});

const sample: Sample = {
  atMs: 0,
  processes: 4,
  supervisorDescriptors: 20,
  supervisorBytes: 28e6,
  descriptors: 128,
  bytes: 130e6,
};

Deno.test("growths() allows fluctuation and names what grows", () => {
  assertEquals(growths(sample, { ...sample, descriptors: 136, bytes: 140e6 }), []);
  assertEquals(growths(sample, { ...sample, supervisorDescriptors: 21, processes: 5 }), [
    "processes: 4 at the start, 5 at the end",
    "descriptors of the supervisor: 20 at the start, 21 at the end",
  ]);
  assertEquals(growths(sample, { ...sample, supervisorBytes: 40e6 }).length, 1);
});

Deno.test("stretches() sums requests and takes the middle of the seconds' latencies", () => {
  const seconds = [
    second(0, 0, { p99Us: 200 }),
    second(1, 1, { p99Us: 900, maxUs: 5000 }),
    second(2, 0),
    second(3, 0),
  ];
  const [first, last] = stretches(seconds, 2);
  assertEquals([first.requests, first.failed, first.p99Us, first.maxUs], [200, 1, 900, 5000]);
  assertEquals([last.fromMs, last.requests, last.maxUs], [2000, 200, 300]);
  assertEquals(stretches([], 2), []);
});
