/** One load thread as a Deno worker; see crew.ts for what is said to it. */
import { createReactor } from "../net/mod.ts";
import type { FromWorker, ToWorker } from "./crew.ts";
import { LoadThread } from "./load_thread.ts";
import { ThreadStats } from "./stats.ts";

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
      const { plan, memory } = message;
      const reactor = await createReactor(plan.reactor);
      const stats = new ThreadStats(memory);
      if (plan.script === null) {
        thread = new LoadThread(plan, stats, reactor);
      } else {
        const { ThreadScript } = await import("./script/thread_script.ts");
        const script = await ThreadScript.load(plan.script, plan.index, () => thread?.stop());
        thread = new LoadThread(script.adapt(plan), stats, reactor, script);
      }
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
    });
  });
};
