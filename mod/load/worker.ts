/** One load thread, or the script's `setup` and `done`, as a Deno worker; see crew.ts for what is said to it. */
import { exitCodes, StartError } from "../base/errors.ts";
import type { FromWorker, ToWorker } from "./crew.ts";
import type { LoadThread } from "./load_thread.ts";
import type { ScriptRoom } from "./script/script_room.ts";
import { ThreadStats } from "./stats.ts";
import { assembleThread } from "./thread_parts.ts";

/** The part of a worker's global scope that is used here; the program is checked as a main module. */
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
let room: ScriptRoom | null = null;
/** Makes the line about what a script's timers and promises throw. */
let describe: ((error: unknown) => StartError) | null = null;

async function obey(message: ToWorker): Promise<void> {
  switch (message.kind) {
    case "plan": {
      const { plan, memory, mark } = message;
      if (plan.script !== null) await mindScript(plan.script.name, plan.script.stdoutTaken);
      thread = await assembleThread(plan, new ThreadStats(memory), mark);
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
      await mindScript(message.name, message.stdoutTaken);
      const { ScriptRoom } = await import("./script/script_room.ts");
      room = await ScriptRoom.open(message);
      return post({ kind: "loaded" });
    }
    case "setup":
      return post({ kind: "prepared", threads: await room!.setup() });
    case "finish":
      return post({ kind: "finished", exitCode: await room!.done(message) });
  }
}

async function mindScript(name: string, stdoutTaken: boolean): Promise<void> {
  const { prepareWorld } = await import("./script/script_world.ts");
  const { scriptError } = await import("./script/script_error.ts");
  prepareWorld(stdoutTaken);
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
