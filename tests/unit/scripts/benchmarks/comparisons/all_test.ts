import { assert, assertEquals } from "@std/assert";
import type {
  Place,
  ServerSpec,
  ThroughputComparison,
  Transport,
} from "../../../../../scripts/benchmarks/comparison.ts";
import { comparisons } from "../../../../../scripts/benchmarks/comparisons/all.ts";
import { idleMemory } from "../../../../../scripts/benchmarks/gauges/idle_memory.ts";
import { loadArgs, readLoadRun } from "../../../../../scripts/benchmarks/gauges/load_run.ts";
import { parseOptions } from "../../../../../scripts/benchmarks/options.ts";
import { chosenOf, plannedRows } from "../../../../../scripts/benchmarks/rows.ts";

function place(transport: Transport, isTls: boolean): Place {
  const at = (name: string, port: number) =>
    transport === "unix"
      ? { kind: "unix", path: `/tmp/${name}` } as const
      : { kind: "tcp", host: "127.0.0.1", port } as const;
  return {
    folder: "/tmp/folder",
    address: at("front", 8001),
    upstream: at("upstream", 8002),
    certificate: isTls
      ? { certificateFile: "/tmp/cert.pem", keyFile: "/tmp/key.pem", pairFile: "/tmp/pair.pem" }
      : null,
    connections: 50,
  };
}

/** All rows of throughput: those of a growth comparison at its smallest and its largest value. */
const throughput: readonly ThroughputComparison[] = comparisons.flatMap((comparison) => {
  if (comparison.judged === "gauge") return [];
  if (comparison.judged !== "growth") return [comparison];
  const { values } = comparison;
  return [values[0], values[values.length - 1]].map((value) => comparison.at(value));
});

Deno.test("every comparison has a name of its own, rows, and ours first", () => {
  assertEquals(new Set(comparisons.map(({ name }) => name)).size, comparisons.length);
  for (const comparison of comparisons) {
    if (comparison.judged !== "gauge") continue;
    assert(comparison.settings.length > 0 && comparison.unit !== "", comparison.name);
  }
  for (const { name, transports, contenders } of throughput) {
    assert(transports.length > 0, name);
    assertEquals([contenders[0].program, contenders[0].isFloor], ["hayate", undefined], name);
    assert(contenders.some(({ isFloor }, index) => index > 0 && !isFloor), name);
    assert(contenders.filter(({ isFloor }) => isFloor).length <= 1, name);
  }
});

Deno.test("a goal beside the floor has a floor to be beside", () => {
  for (const { name, floorGoal, contenders } of throughput) {
    if (floorGoal === undefined) continue;
    assert(contenders.some(({ isFloor }) => isFloor), name);
  }
});

Deno.test("--quick has the headlines, which take about 12 minutes with newer peers, too", () => {
  const options = parseOptions(["--quick"], []);
  const rows = chosenOf(comparisons, options).flatMap((each) => plannedRows(each, options));
  const minutes = rows.reduce((sum, { seconds }) => sum + seconds, 0) / 60;
  // Newer peers for 20 of the contenders add less than 3.
  assert(minutes > 3 && minutes < 10, `${minutes} minutes`);
});

Deno.test("every server can be configured for every row that includes it", () => {
  for (const comparison of throughput) {
    for (const transport of comparison.transports) {
      const servers: readonly ServerSpec[] = comparison.judged === "client"
        ? comparison.targets
        : comparison.contenders;
      if (comparison.judged === "server") {
        for (const upstream of comparison.upstreams ?? []) {
          upstream.files?.(place(transport, false));
          upstream.args(place(transport, false));
        }
      }
      for (const server of servers) {
        const where = place(transport, comparison.isTls ?? false);
        const files = Object.values(server.files?.(where) ?? {});
        const text = [...server.args(where), ...files].join("\n");
        const address = where.address.kind === "unix" ? where.address.path : "8001";
        assert(text.includes(address), `${comparison.name}, ${server.name}: ${address}`);
        assert(!/undefined|\[object/.test(text), `${comparison.name}, ${server.name}`);
      }
    }
  }
});

Deno.test("readLoadRun() reads what loadArgs() asks for", () => {
  const address = { kind: "tcp", host: "127.0.0.1", port: 1 } as const;
  const target = { address, isTls: false, folder: "/tmp/folder" };
  const args = loadArgs(target, ["-c5"]);
  assertEquals(args, ["load", "--json", "-", "-t1", "-c5", "http://127.0.0.1:1/"]);
  assertEquals(readLoadRun('{"runs":[{"requestsFailed":3}]}').requestsFailed, 3);
});

Deno.test("a gauge says why a contender is missing", async () => {
  const absent: ServerSpec = { name: "absent", program: "no-such-program", args: () => [] };
  const setting = idleMemory(10, { max: 1 }, [absent]);
  const effort = { seconds: 1, runs: 1, quick: true };
  const [result] = await setting.measure({ effort, progress: () => {} });
  assertEquals(result, { name: "absent", samples: [], missing: "no-such-program is missing" });
});
