/** Logs errors of the user's app, one line each. */
import type { Logger } from "../../log/mod.ts";
import { withOriginalPaths } from "../../script/script_path.ts";

/** Where hayate's code is: the source folder, or the bundle's folder in the compiled program. */
const ownFolder = Deno.build.standalone
  ? new URL(".", Deno.mainModule).href
  : new URL("..", import.meta.url).href;

/** Logs one line with the stack, without which the app's author could not find the fault. */
export function logAppError(log: Logger, what: string, error: unknown): void {
  const text = error instanceof Error ? error.stack ?? error.message : String(error);
  // Drop hayate's own frames, which do not help the app's author.
  const frames = withOriginalPaths(text).split("\n").map((line) => line.trim())
    .filter((line) => !line.includes(ownFolder));
  log.error(`${what}: ${frames.join(" | ")}`);
}
