/** The worker's side of `hayate serve profile`. */
import { systemReason } from "../../base/errors.ts";
import { startProfiling } from "../../std/profiler.ts";
import type { AnswerFiles, ProfileRequest, RequestFolder } from "./request.ts";

/** The event loop: the library needs turns of it. */
export interface ProfileHost {
  beginAsync(): void;
  endAsync(): void;
  setTimer(delayMs: number, callback: () => void): number;
}

/** A request, and the folder that it was found in. */
export interface Asked {
  readonly folder: RequestFolder;
  readonly request: ProfileRequest;
}

/** How soon a profile ends for which nobody waits any more. */
const lookEveryMs = 100;

let isRunning = false;
/** Of the last request: its file stays until the one who asked has the answer. */
let lastId = "";

/** Answers requests until `find` finds no other one. Never rejects. */
export async function answerRequests(find: () => Asked | null, host: ProfileHost): Promise<void> {
  // The one that runs looks again at its end.
  if (isRunning) return;
  isRunning = true;
  host.beginAsync();
  try {
    for (let asked = find(); asked !== null && asked.request.id !== lastId; asked = find()) {
      lastId = asked.request.id;
      await answer(asked, host);
    }
  } finally {
    isRunning = false;
    host.endAsync();
  }
}

async function answer(asked: Asked, host: ProfileHost): Promise<void> {
  const files = asked.folder.answerTo(asked.request);
  try {
    const profiling = await startProfiling(asked.request.intervalUs);
    await waitWhileAsked(asked, host);
    const text = await profiling.stop();
    if (!isStillAsked(asked)) return;
    const fault = write(files.profile, text);
    if (fault !== null) writeFault(files, `it cannot write to ${asked.folder.path}: ${fault}`);
  } catch (error) {
    writeFault(files, error instanceof Error ? error.message : String(error));
  }
}

/** For the time of the request, or until its file has gone: the command was stopped. */
function waitWhileAsked(asked: Asked, host: ProfileHost): Promise<void> {
  const endMs = performance.now() + asked.request.durationMs;
  return new Promise((resolve) => {
    const look = () => {
      const leftMs = endMs - performance.now();
      if (leftMs <= 0 || !isStillAsked(asked)) return resolve();
      host.setTimer(Math.min(leftMs, lookEveryMs), look);
    };
    look();
  });
}

function isStillAsked({ folder, request }: Asked): boolean {
  return folder.read()?.id === request.id;
}

/** One line. A full disk leaves an empty file, which says enough. */
function writeFault(files: AnswerFiles, line: string): void {
  write(files.fault, `${line}\n`);
}

/**
 * Complete or not there at all, unless even this is not to be written. Returns the reason where it
 * fails. The folder is private, so the names are ours.
 */
function write(path: string, text: string): string | null {
  const part = `${path}.part`;
  let fault: string | null = null;
  try {
    Deno.writeTextFileSync(part, text, { mode: 0o600 });
  } catch (error) {
    fault = systemReason(error);
  }
  try {
    if (fault !== null && !path.endsWith(".fault")) Deno.removeSync(part);
    else Deno.renameSync(part, path);
  } catch (error) {
    // The folder has gone: whoever has asked waits no longer.
    fault ??= systemReason(error);
  }
  return fault;
}
