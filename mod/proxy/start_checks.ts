/** What each start and reload checks before it opens anything. */
import { exitCodes, StartError } from "../base/errors.ts";
import { parseLogTarget } from "../log/mod.ts";
import { checkCpus } from "../process/affinity.ts";
import { checkFolder } from "./engine/forward/body_store.ts";
import type { ProxyPlan } from "./plan/plan.ts";
import { checkLogTarget } from "./server/access_logs.ts";

/** Checks the folders for request bodies. Throws `StartError`. */
export function checkBuffers({ upstreams }: ProxyPlan): void {
  for (const { name, requestBuffer } of upstreams) {
    if (requestBuffer !== null && requestBuffer.fileBytes > 0) {
      checkFolder(requestBuffer.folder, name);
    }
  }
}

/** Throws `StartError` when `error-log` could not be opened. */
export function checkErrorLog({ global }: ProxyPlan): void {
  if (global.errorLog === null) return;
  try {
    checkLogTarget(parseLogTarget(global.errorLog));
  } catch (error) {
    if (!(error instanceof StartError)) throw error;
    throw configError(`error-log: ${error.message}`);
  }
}

/** Throws `StartError` when `num-threads` names a CPU that this process may not use. */
export function checkCpusOf({ global }: ProxyPlan): void {
  checkCpus("num-threads", global.cpus);
}

/** An error of the configuration. */
export function configError(message: string): StartError {
  return new StartError(message, exitCodes.config);
}
