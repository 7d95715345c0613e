/** The worker's side of `hayate serve profile`. */
import { startProfiling } from "../../std/profiler.ts";
import type { AnswerFiles, ProfileRequest } from "./request.ts";

/** The event loop: the library needs turns of it. */
export interface ProfileHost {
  beginAsync(): void;
  endAsync(): void;
  setTimer(delayMs: number, callback: () => void): number;
}

let isRunning = false;

/** Profiles this process as it is asked to, and writes the answer. Never rejects. */
export async function answerRequest(
  files: AnswerFiles,
  request: ProfileRequest,
  host: ProfileHost,
): Promise<void> {
  if (isRunning) return write(files.fault, "another profile is being taken\n");
  isRunning = true;
  host.beginAsync();
  try {
    const profiling = await startProfiling(request.intervalUs);
    await new Promise<void>((resolve) => host.setTimer(1000 * request.seconds, resolve));
    write(files.profile, await profiling.stop());
  } catch (error) {
    write(files.fault, `${error instanceof Error ? error.message : error}\n`);
  } finally {
    isRunning = false;
    host.endAsync();
  }
}

/** Complete or not there at all. The folder is private, so the names are ours. */
function write(path: string, text: string): void {
  const part = `${path}.part`;
  try {
    Deno.writeTextFileSync(part, text, { mode: 0o600 });
    Deno.renameSync(part, path);
  } catch (error) {
    // The folder is gone, or full: whoever has asked waits no longer, or says so.
    if (!(error instanceof Error)) throw error;
  }
}
