/** `hayate serve`: a prefork server for a fetch handler, static files or a fixed body. */
import type { Mode } from "../cli/mod.ts";
import { Logger } from "../log/mod.ts";
import { serveTable } from "./flags.ts";
import { readServePlan } from "./options.ts";
import type { Worker } from "./worker.ts";

/** The worker of this process, once there is one. */
let current: Worker | null = null;

export const serveMode: Mode = {
  name: "serve",
  summary: serveTable.summary,
  table: serveTable,
  topics: async () => (await import("./topics/mod.ts")).serveTopics,
  async run(argv): Promise<number> {
    const plan = readServePlan(argv);
    const log = new Logger({ name: "serve", level: plan.log.quiet ? "warn" : "info" });
    const { runSingle } = await import("./single.ts");
    return await runSingle(plan, log, (worker) => current = worker);
  },
  onUnhandled(error): boolean {
    current?.onUnhandled(error);
    return current !== null;
  },
};
