/** `--ready-http` and `--ready-exec`: probes whether a new worker is ready. */
import { deathSignalOf, exitCodeOf } from "../process/children/children.ts";
import type { Variables } from "../process/environment.ts";
import { type PassedDescriptor, spawn } from "../process/children/spawn.ts";
import { sendSignal } from "../process/signals/signals.ts";
import { askHttp } from "../probes/ask_http.ts";
import { delay } from "../std/async.ts";

const pauseMs = 200;
const answerTimeoutMs = 5000;

/** The worker to probe. */
export interface ProbeTarget {
  readonly generation: number;
  readonly pid: number;
  readonly environment: Variables;
  /** Output of the probe command. */
  readonly output: readonly PassedDescriptor[];
  /** False once the worker is no longer waited for. */
  isWanted(): boolean;
}

/** Probes until the worker is ready (true), or the probe is no longer wanted (false). */
export async function probeUntilReady(
  http: string | null,
  command: string | null,
  target: ProbeTarget,
): Promise<boolean> {
  while (target.isWanted()) {
    const isReady = (http === null || await answersHttp(fill(http, target))) &&
      (command === null || await succeeds(command, target));
    if (isReady) return target.isWanted();
    await delay(pauseMs);
  }
  return false;
}

function fill(text: string, { pid, generation }: ProbeTarget): string {
  return text.replaceAll("{pid}", String(pid)).replaceAll("{generation}", String(generation));
}

async function answersHttp(url: string): Promise<boolean> {
  const reply = await askHttp(url, answerTimeoutMs);
  return reply !== null && reply.status >= 200 && reply.status < 400;
}

async function succeeds(command: string, target: ProbeTarget): Promise<boolean> {
  const child = spawn({
    command: ["/bin/sh", "-c", command],
    environment: { ...target.environment, WORKER_PID: String(target.pid) },
    descriptors: target.output,
  });
  if (child.pid === null) return false;
  const timer = setTimeout(() => sendSignal(child.pid, "KILL"), answerTimeoutMs);
  const status = await child.exited;
  clearTimeout(timer);
  return deathSignalOf(status) === 0 && exitCodeOf(status) === 0;
}
