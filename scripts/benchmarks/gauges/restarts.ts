/** Requests lost while a supervisor changes generations. */
import type { Address } from "../../../mod/base/address.ts";
import type { GaugeSetting, ServerSpec } from "../comparison.ts";
import { PinnedProcess, runPinned } from "../processes.ts";
import { findProgram } from "../programs.ts";
import { clientCore, TestBed } from "../test_bed.ts";
import { present, results, startContestants } from "./contestants.ts";
import { loadArgs, type LoadRun, readLoadRun } from "./load_run.ts";

const connections = 50;
/** Longer than a generation needs to start and to drain. */
const betweenMs = 1500;
const restartsUsual = 10;
const restartsQuick = 3;

/** The supervised program: always hayate serve, so that only the supervisors differ. */
const serveArgs = ["serve", "-q", "--workers", "1", "--text", "hello world\n"];

const hayateSupervise: ServerSpec = {
  name: "hayate supervise",
  program: "hayate",
  args: ({ address }) => ["supervise", ...whereArgs(address), "--", "serve", ...serveArgs.slice(1)],
};

const startServer: ServerSpec = {
  name: "start_server",
  program: "start_server",
  args: ({ address }) => [
    ...whereArgs(address),
    // It cannot detect when the next generation is ready; this is what its manual recommends.
    "--kill-old-delay=1",
    "--",
    findProgram("hayate")!,
    ...serveArgs,
  ],
};

function whereArgs(address: Address): string[] {
  return address.kind === "unix"
    ? [`--path=${address.path}`]
    : [`--port=${address.host}:${address.port}`];
}

/** Requests without a response over all restarts. */
export function lostOverRestarts(text: string, flags: readonly string[]): GaugeSetting {
  return {
    text,
    goal: { max: 0 },
    secondsFor: ({ quick }) => 4 * (quick ? restartsQuick : restartsUsual),
    async measure({ effort, progress }) {
      await using bed = await TestBed.make("tcp", connections, false);
      const all = await startContestants(bed, [hayateSupervise, startServer]);
      const restarts = effort.quick ? restartsQuick : restartsUsual;
      for (const each of present(all)) {
        const seconds = Math.ceil((restarts + 1) * betweenMs / 1000);
        const args = loadArgs(each.target, [`-c${connections}`, `-d${seconds}s`, ...flags]);
        const running = runPinned(clientCore, findProgram("hayate")!, args);
        for (let restart = 1; restart <= restarts; restart++) {
          progress(`${each.spec.name}: restart ${restart} of ${restarts}`);
          await hangUp(each.server, betweenMs);
        }
        const run = readLoadRun((await running).output);
        each.samples.push(run.requestsFailed);
        each.note = `of ${run.requestsSent.toLocaleString("en")} over ${restarts} HUPs${why(run)}`;
      }
      return results(all);
    },
  };
}

async function hangUp(supervisor: PinnedProcess, afterMs: number): Promise<void> {
  await new Promise((wake) => setTimeout(wake, afterMs));
  supervisor.signal("SIGHUP");
}

function why({ failures }: LoadRun): string {
  if (failures.length === 0) return "";
  return `: ${failures.map(({ kind, code, count }) => `${kind} ${code} ${count}`).join(", ")}`;
}
