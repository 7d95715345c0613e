/** Running `hayate load` for tests. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import type { ReportJson, RunJson } from "../../mod/load/report/json/report_json.ts";
import { runHayate, startHayate } from "./binary.ts";

/** Runs load with a JSON report on stdout; an answer may be late, as on a busy machine. */
export async function measure(...args: string[]): Promise<RunJson> {
  const { stdout, stderr, code } = await runHayate(["load", "--json", "-", "-T", "60s", ...args]);
  const run = (JSON.parse(stdout) as ReportJson).runs[0];
  const isAnswered = run.requestsAnswered + (run.eventStreams?.events ?? 0) > 0;
  assertEquals(
    [stderr, code],
    isAnswered ? ["", 0] : ["hayate load: no response arrived while it measured\n", 1],
  );
  return run;
}

/** `hayate load` in the background, for as long as a test replaces what answers it. */
export interface SteadyLoad extends AsyncDisposable {
  /** Ends the load; throws unless it got an answer to every request. */
  end(): Promise<void>;
}

/**
 * Sends a steady 200 requests a second to `url`; none is sent twice. An answer may be late: on a
 * busy machine a new program takes seconds to start while requests wait in the listen queue.
 */
export function startSteadyLoad(url: string, ...args: string[]): SteadyLoad {
  const child = startHayate(
    ["load", "-c", "4", "-R", "200", "-d", "600s", "-T", "60s", "--no-retry", ...args, url],
  );
  return {
    async end() {
      child.kill("SIGINT");
      const { stdout, stderr } = await child.result();
      assertMatch(stdout, /\b[1-9]\d* requests in/, stderr);
      assert(!/Socket errors|Non-2xx/.test(stdout), stdout);
    },
    async [Symbol.asyncDispose]() {
      await child.stop();
    },
  };
}
