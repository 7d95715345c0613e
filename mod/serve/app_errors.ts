/** Faults of the user's app, in one log line each. */
import type { Logger } from "../log/mod.ts";
import { withOriginalPaths } from "../script/script_path.ts";

/** Where our own code lies: the folder of sources, or that of the bundle inside the compiled program. */
const ownFolder = Deno.build.standalone
  ? new URL(".", Deno.mainModule).href
  : new URL("..", import.meta.url).href;

/** One line, with the stack: the frames are the only help that the app's author gets. */
export function logAppError(log: Logger, what: string, error: unknown): void {
  const text = error instanceof Error ? error.stack ?? error.message : String(error);
  // Frames of our own below the app's say nothing about the app.
  const frames = withOriginalPaths(text).split("\n").map((line) => line.trim())
    .filter((line) => !line.includes(ownFolder));
  log.error(`${what}: ${frames.join(" | ")}`);
}
