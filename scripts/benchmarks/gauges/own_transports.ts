/** The cost of a request in hayate load over a unix socket, compared with TCP. */
import type { GaugeSetting, ServerSpec, Target, Transport } from "../comparison.ts";
import { serverCore, TestBed } from "../test_bed.ts";
import { loadOnce } from "./load_run.ts";

const connections = 50;
const transports: readonly Transport[] = ["unix", "tcp"];

/**
 * The client's CPU microseconds per request. Distributions package no wrk with unix sockets, so the
 * goal is `leastRatio` times as many requests as over TCP.
 */
export function unixBesideTcp(server: ServerSpec, leastRatio: number): GaugeSetting {
  return {
    text: `${connections} connections, the same server`,
    goal: { ratioMax: 1 / leastRatio },
    async measure({ effort, progress }) {
      await using stack = new AsyncDisposableStack();
      const targets: Target[] = [];
      for (const transport of transports) {
        const bed = stack.use(await TestBed.make(transport, connections, false));
        targets.push((await bed.start(server, serverCore, null)).target);
      }
      const contenders = transports.map((transport) => ({
        name: `hayate load, ${transport}`,
        samples: [] as number[],
        missing: null,
      }));
      for (let run = 1; run <= effort.runs; run++) {
        for (const [index, target] of targets.entries()) {
          progress(`${contenders[index].name}: run ${run} of ${effort.runs}`);
          const flags = [`-c${connections}`, `-d${effort.seconds}s`];
          const { client, requestsAnswered } = await loadOnce(target, flags);
          const cpuUs = (client.cpuUserMs + client.cpuSystemMs) * 1000;
          contenders[index].samples.push(cpuUs / Math.max(requestsAnswered, 1));
        }
      }
      return contenders;
    },
  };
}
