/**
 * One load thread, the script's `setup` and `done`, or the listener of --metrics, as a Deno worker; see
 * worker_messages.ts.
 */
import { exitCodes, StartError } from "../../base/errors.ts";
import type { FromWorker, ToWorker } from "./worker_messages.ts";
import type { LoadThread } from "./load_thread.ts";
import type { MetricsDesk } from "../metrics/metrics_desk.ts";
import type { MainHooks } from "../script/main_hooks.ts";
import { ThreadStats } from "../stats/thread_stats.ts";
import { assembleThread } from "./thread_parts.ts";

/** The part of a worker's global scope used here; the type checker treats this file as a main module. */
interface WorkerScope {
  onmessage: ((event: MessageEvent<ToWorker>) => void) | null;
  postMessage(message: FromWorker): void;
  addEventListener(type: "error", listener: (event: ErrorEvent) => void): void;
  addEventListener(
    type: "unhandledrejection",
    listener: (event: PromiseRejectionEvent) => void,
  ): void;
}

const scope = globalThis as unknown as WorkerScope;
// A script may replace it.
const post = scope.postMessage.bind(scope);
let thread: LoadThread | null = null;
let hooks: MainHooks | null = null;
let desk: MetricsDesk | null = null;
/** Formats an error thrown in a script's timers and promises. */
let describe: ((error: unknown) => StartError) | null = null;

async function obey(message: ToWorker): Promise<void> {
  switch (message.kind) {
    case "plan": {
      const { plan, memory, mark } = message;
      if (plan.script !== null) await prepareForScript(plan.script.name, plan.script.stdoutTaken);
      thread = await assembleThread(plan, new ThreadStats(memory, plan.extraTimes), mark);
      return post({ kind: "ready" });
    }
    case "start": {
      const outcome = await thread!.run(message.epochMs - performance.timeOrigin);
      return post({ kind: "done", outcome });
    }
    case "stop":
      return thread?.stop();
    case "ping":
      return post({ kind: "pong" });
    case "script": {
      await prepareForScript(message.name, message.stdoutTaken);
      const { MainHooks } = await import("../script/main_hooks.ts");
      hooks = await MainHooks.open(message);
      return post({ kind: "loaded" });
    }
    case "setup":
      return post({ kind: "prepared", threads: await hooks!.setup(message.threadCount) });
    case "finish":
      return post({ kind: "finished", exitCode: await hooks!.done(message) });
    case "openMetrics":
      desk = await (await import("../metrics/metrics_desk.ts")).MetricsDesk.open(message);
      return post({ kind: "metricsOpened" });
    default: {
      const answer = await desk!.obey(message);
      if (answer !== null) post(answer);
    }
  }
}

async function prepareForScript(name: string, stdoutTaken: boolean): Promise<void> {
  const { prepareGlobals } = await import("../script/script_globals.ts");
  const { scriptError } = await import("../script/script_error.ts");
  prepareGlobals(stdoutTaken);
  describe = (error) => scriptError(name, "", error);
}

function fail(error: unknown): void {
  post({
    kind: "failed",
    message: error instanceof Error ? error.message : `${error}`,
    exitCode: error instanceof StartError ? error.exitCode : exitCodes.failed,
  });
}

scope.onmessage = ({ data }) => {
  obey(data).catch(fail);
};
scope.addEventListener("error", (event) => {
  if (describe === null) return;
  event.preventDefault();
  fail(describe(event.error));
});
scope.addEventListener("unhandledrejection", (event) => {
  if (describe === null) return;
  event.preventDefault();
  fail(describe(event.reason));
});
