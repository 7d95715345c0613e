/** A load generator's memory with many connections. */
import type { ClientSpec, GaugeContender, GaugeSetting, ServerSpec } from "../comparison.ts";
import { whyMissing } from "../measure.ts";
import { PinnedProcess } from "../processes.ts";
import { findProgram } from "../programs.ts";
import { clientCore, serverCore, TestBed } from "../test_bed.ts";

/** Long enough for every connection to send requests. */
const seconds = 6;
const lookMs = 5000;

/** Memory in megabytes of the whole client under load. */
export function loadMemory(
  connections: number,
  maxMegabytes: number,
  server: ServerSpec,
  clients: readonly ClientSpec[],
): GaugeSetting {
  return {
    text: `tcp, ${connections.toLocaleString("en")} connections at work`,
    goal: { max: maxMegabytes },
    secondsFor: () => clients.length * seconds,
    async measure({ progress }) {
      await using bed = await TestBed.make("tcp", connections, false);
      const { target } = await bed.start(server, serverCore, null);
      const contenders: GaugeContender[] = [];
      for (const client of clients) {
        const { name } = client;
        const missing = whyMissing(client, "tcp");
        const samples: number[] = [];
        if (missing === null) {
          progress(name);
          const args = client.args(target, connections, seconds);
          const run = new PinnedProcess(name, clientCore, findProgram(client.program)!, args);
          try {
            await new Promise((wake) => setTimeout(wake, lookMs));
            samples.push(run.memory("Rss") / 1e6);
          } finally {
            await run.stop();
          }
        }
        contenders.push({ name, samples, missing });
      }
      return contenders;
    },
  };
}
