/** A server's memory for idle connections that were used before. */
import type { GaugeGoal, GaugeSetting, ServerSpec } from "../comparison.ts";
import { withNewer } from "../newer.ts";
import { PinnedProcess } from "../processes.ts";
import { findProgram } from "../programs.ts";
import { clientCore, TestBed } from "../test_bed.ts";
import { present, results, startContestants } from "./contestants.ts";
import { loadArgs } from "./load_run.ts";

/** Long enough for every connection to be used once all are open. */
const busySeconds = 5;
const quietSeconds = 180;
const patienceMs = 120_000;

/** Memory in megabytes that `connections` connections add to a server. */
export function idleMemory(
  connections: number,
  goal: GaugeGoal,
  contenders: readonly ServerSpec[],
  { isTls = false, flags = [] }: { isTls?: boolean; flags?: readonly string[] } = {},
): GaugeSetting {
  return {
    text: `tcp, ${connections.toLocaleString("en")} idle connections${isTls ? ", TLS" : ""}`,
    goal,
    secondsFor: () => contenders.length * (3 * busySeconds),
    async measure({ progress }) {
      await using bed = await TestBed.make("tcp", connections, isTls);
      const all = await startContestants(bed, withNewer(contenders));
      // One sample: a second run would start with the memory left by the first.
      for (const each of present(all)) {
        progress(each.spec.name);
        // Measured before the first request, so that heap growth is included.
        const before = each.server.memory("Anonymous");
        const stages = `${busySeconds}s:${2 * connections},${quietSeconds}s:10`;
        // Handshakes of all at once take seconds, longer than load's own timeout.
        const own = [...flags, `-c${connections}`, "-T60s", "--stages", stages];
        const args = loadArgs(each.target, own);
        const client = new PinnedProcess("hayate load", clientCore, findProgram("hayate")!, args);
        try {
          await untilOpen(each.server, connections);
          await new Promise((wake) => setTimeout(wake, busySeconds * 1000));
          const grown = each.server.memory("Anonymous") - before;
          each.samples.push(grown / 1e6);
          each.note = `${(grown / connections / 1e3).toFixed(2)} kB per connection`;
        } finally {
          await client.stop();
        }
      }
      return results(all);
    },
  };
}

/** Waits until the server has `count` connections. */
async function untilOpen(server: PinnedProcess, count: number): Promise<void> {
  const endMs = performance.now() + patienceMs;
  while (server.descriptorCount() < count) {
    if (performance.now() > endMs) {
      throw new Error(`${server.label} has only ${server.descriptorCount()} descriptors open`);
    }
    await new Promise((wake) => setTimeout(wake, 100));
  }
}
