/** What others notice while a server is attacked over HTTP/2. */
import { delay } from "@std/async/delay";
import type { GaugeSetting, ServerSpec } from "../comparison.ts";
import { type Attack, largePath } from "../http2/attacks.ts";
import { withNewer } from "../newer.ts";
import { ClientFailure, PinnedProcess } from "../processes.ts";
import { findProgram } from "../programs.ts";
import { clientCore, TestBed } from "../test_bed.ts";
import { grouped } from "../report.ts";
import { type Contestant, present, results, startContestants } from "./contestants.ts";
import { loadOnce, type LoadRun } from "./load_run.ts";

const attacker = new URL("../http2/attacker.ts", import.meta.url).pathname;
const connections = 10;
/** Few enough that neither core is busy with them. */
const requestsPerSecond = 1000;
/** Until the attacker's connections are open, and its and the server's code is warm. */
const settleMs = 1500;
/** V8 compiles the client meanwhile. */
const warmUp = ["--warmup", "1s"];

/** What an attack may cost: neighbours' p99 as a multiple of what it is without the attack. */
export function neighboursDuring(attack: Attack, contenders: readonly ServerSpec[]): GaugeSetting {
  return {
    text: `${attack.name}, ${attack.connections} connections; neighbours: ${connections} ` +
      `connections, ${requestsPerSecond.toLocaleString("en")} requests/s`,
    goal: { max: 2 },
    secondsFor: ({ runs, seconds }) => contenders.length * (runs * 2 * (seconds + 4) + 2),
    async measure({ effort, progress }) {
      await using bed = await TestBed.make("tcp", connections, false);
      const all = await startContestants(bed, withNewer(contenders));
      for (let run = 1; run <= effort.runs; run++) {
        for (const each of present(all)) {
          progress(`${each.spec.name}: run ${run} of ${effort.runs}`);
          await measureOnce(each, attack, effort.seconds);
        }
      }
      return results(all);
    },
  };
}

/** One pair of runs, without the attack and with it; or the trouble that the neighbours had. */
async function measureOnce(each: Contestant, attack: Attack, seconds: number): Promise<void> {
  const quiet = await latency(each, seconds);
  const { during, counts } = await underAttack(each, attack, seconds);
  if (quiet === null || during === null) {
    each.trouble = `none of its neighbours' requests was answered in time; ${counts}`;
    return;
  }
  each.samples.push(during / quiet);
  each.note = `p99 ${grouped(during)} us, without ${grouped(quiet)} us; ${counts}`;
}

/** The p99 of the neighbours in microseconds, from when each request was due; null: no answer. */
async function latency({ target, spec }: Contestant, seconds: number): Promise<number | null> {
  const flags = ["--http2", `-c${connections}`, `-R${requestsPerSecond}`, `-d${seconds}s`];
  let run: LoadRun;
  try {
    run = await loadOnce(target, [...flags, ...warmUp]);
  } catch (error) {
    // Its exit code when no request was answered.
    if (error instanceof ClientFailure && error.code === 1) return null;
    throw error;
  }
  if (run.requestsFailed > 0) {
    throw new Error(`${run.requestsFailed} requests of ${spec.name}'s neighbours failed`);
  }
  return run.latency.percentilesUs["p99"];
}

async function underAttack(each: Contestant, { name }: Attack, seconds: number) {
  const { address } = each.target;
  if (address.kind !== "tcp") throw new TypeError("Cannot attack a unix socket");
  // The neighbours' client shares the core, and comes first.
  const args = ["-n", "19", Deno.execPath(), "run", "-A", "--quiet", "--no-check", "--config"];
  const config = new URL("../../../deno.json", import.meta.url).pathname;
  const process = new PinnedProcess("attacker", clientCore, findProgram("nice")!, [
    ...args,
    ...[config, attacker, name, String(address.port)],
  ]);
  let said = "";
  let during: number | null;
  try {
    await delay(settleMs);
    during = await latency(each, seconds);
  } finally {
    said = await process.stop();
  }
  const counts = said.match(/\{"opened":(\d+),"ended":(\d+)\}\s*$/);
  if (counts === null) throw new Error(`The attacker failed: ${said.split("\n")[0]}`);
  const [opened, ended] = counts.slice(1).map((text) => Number(text).toLocaleString("en"));
  return { during, counts: `attackers' connections: ${opened} opened, ${ended} ended` };
}

/** Files of a server under attack: a small one for neighbours, a large one for attackers. */
export const attackedFiles: Readonly<Record<string, string>> = {
  "documents/index.html": "hello world\n",
  [`documents${largePath}`]: "x".repeat(1_000_000),
};
