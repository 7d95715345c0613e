/** The 99th percentile at half of the maximum load of the slowest server. */
import type { GaugeSetting, ServerSpec, Transport } from "../comparison.ts";
import { withNewer } from "../newer.ts";
import { TestBed } from "../test_bed.ts";
import { present, results, startContestants } from "./contestants.ts";
import { loadOnce } from "./load_run.ts";

const connections = 50;

/** While V8 compiles the client, the client itself delays over 1 % of the requests. */
const warmUp = ["--warmup", "1s"];

/** Open loop; latency from when each request was due, in microseconds. */
export function p99AtHalfLoad(
  transport: Transport,
  contenders: readonly ServerSpec[],
  upstream?: ServerSpec,
): GaugeSetting {
  return {
    text:
      `${transport}, ${connections} connections, hayate load -R at half of the slower's maximum`,
    goal: { ratioMax: 1 },
    secondsFor: ({ runs, seconds }) => contenders.length * (2 + seconds + runs * (seconds + 1)),
    async measure({ effort, progress }) {
      await using bed = await TestBed.make(transport, connections, false);
      const all = await startContestants(bed, withNewer(contenders), upstream);
      const maxima: number[] = [];
      for (const { spec, target } of present(all)) {
        progress(`${spec.name}: its maximum`);
        await loadOnce(target, [`-c${connections}`, "-d1s"]);
        const run = await loadOnce(target, [`-c${connections}`, `-d${effort.seconds}s`]);
        maxima.push(run.requestsPerSecond);
      }
      const rate = Math.floor(Math.min(...maxima) / 2);
      for (let turn = 1; turn <= effort.runs; turn++) {
        for (const each of present(all)) {
          progress(`${each.spec.name}: run ${turn} of ${effort.runs}`);
          const flags = [`-c${connections}`, `-d${effort.seconds}s`, `-R${rate}`, ...warmUp];
          const run = await loadOnce(each.target, flags);
          each.samples.push(run.latency.percentilesUs["p99"]);
          each.note = `at ${rate.toLocaleString("en")} requests/s`;
        }
      }
      return results(all);
    },
  };
}
