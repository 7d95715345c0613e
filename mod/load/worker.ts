/** One load thread as a Deno worker; see crew.ts for what is said to it. */
import { exitCodes, StartError } from "../base/errors.ts";
import type { FromWorker, ToWorker } from "./crew.ts";
import type { LoadThread } from "./load_thread.ts";
import { ThreadStats } from "./stats.ts";
import { assembleThread } from "./thread_parts.ts";

/** The part of a worker's global scope that is used here; the program is checked as a main module. */
interface WorkerScope {
  onmessage: ((event: MessageEvent<ToWorker>) => void) | null;
  postMessage(message: FromWorker): void;
}

const scope = globalThis as unknown as WorkerScope;
let thread: LoadThread | null = null;

async function obey(message: ToWorker): Promise<void> {
  switch (message.kind) {
    case "plan": {
      thread = await assembleThread(message.plan, new ThreadStats(message.memory));
      return scope.postMessage({ kind: "ready" });
    }
    case "start": {
      const outcome = await thread!.run(message.epochMs - performance.timeOrigin);
      return scope.postMessage({ kind: "done", outcome });
    }
    case "stop":
      return thread?.stop();
  }
}

scope.onmessage = ({ data }) => {
  obey(data).catch((error: unknown) => {
    scope.postMessage({
      kind: "failed",
      message: error instanceof Error ? error.message : `${error}`,
      exitCode: error instanceof StartError ? error.exitCode : exitCodes.failed,
    });
  });
};
