/** `hayate load`: the load generator. */
import { exitCodes } from "../base/errors.ts";
import type { Mode } from "../cli/mod.ts";
import { getVariable } from "../process/environment.ts";
import { raiseOpenFilesLimit } from "../process/limits.ts";
import { addSignalListener } from "../process/signals.ts";
import { parseLoadArgs } from "./options.ts";
import type { LoadPlan } from "./plan.ts";
import { prepareRun } from "./prepare.ts";
import { additions } from "./report_additions.ts";
import { wrkHeader, wrkReport } from "./report_wrk.ts";
import { LoadRun } from "./run.ts";
import { loadTable } from "./table.ts";

export const loadMode: Mode = {
  name: "load",
  summary: "HTTP load generator with wrk's output",
  table: loadTable,
  run: async (argv) => await runLoad(parseLoadArgs(argv)),
};

async function runLoad(plan: LoadPlan): Promise<number> {
  raiseOpenFilesLimit();
  const prepared = await prepareRun(plan, null, getVariable("HAYATE_REACTOR") ?? "");
  const run = new LoadRun(plan, prepared);
  const removeInt = addSignalListener("INT", () => run.interrupt());
  const result = await run.run({
    onStart: () => {
      print(
        wrkHeader(
          prepared.shownUrl,
          plan.durationMs,
          plan.threads,
          plan.connections,
          plan.requestCount,
        ),
      );
    },
    onInterval: () => {},
  });
  removeInt();
  print(wrkReport(result, plan.output.latency) + additions(result, plan.output));
  return result.interrupted ? exitCodes.interrupted : exitCodes.ok;
}

function print(text: string): void {
  const bytes = new TextEncoder().encode(text);
  for (let at = 0; at < bytes.length;) at += Deno.stdout.writeSync(bytes.subarray(at));
}
