/** Commands to a running supervisor: --stop, --restart, status, reload, stop. */
import { StartError } from "../../base/errors.ts";
import { type Shape, shapeFaultOf } from "../../base/shape.ts";
import type { Channel } from "../../process/channel.ts";
import { connectChannel } from "../../process/channel_socket.ts";
import { readIfThere } from "../../process/files/if_there.ts";
import { isHeld, parsePid, readPid, waitForRelease } from "../../process/files/pid_file.ts";
import { processExists, sendSignal } from "../../process/signals/signals.ts";
import { readStatusFile, statusFaultOf } from "../../process/files/status_file.ts";
import { delay } from "../../std/async.ts";
import { type Command, type Outcome, outcomeShape } from "./control_socket.ts";
import type { ClientPlan } from "../plan/plan.ts";
import { type Status, statusShape, statusText } from "./status.ts";

/** Exit codes of Perl's `die`, which is the errno: ESRCH and ENOENT. */
const noSuchProcess = 3;
const noSuchFile = 2;

/** Prints a line for the user. */
export type Print = (line: string) => void;

/** `--stop`: resolves when the supervisor has released its pid file. */
export async function stopByPidFile(pidFile: string, print: Print): Promise<number> {
  const pid = pidOf(pidFile);
  print(`stop_server (pid:${Deno.pid}) stopping now (pid:${pid})...`);
  if (!sendSignal(pid, "TERM")) {
    throw new StartError(`no process ${pid}: ${pidFile} is stale`, noSuchProcess);
  }
  await waitForRelease(pidFile);
  return 0;
}

/** `--restart`: resolves when only the new generation is alive, or the restart has failed. */
export async function restartByPidFile(plan: ClientPlan, print: Print): Promise<number> {
  const pid = pidOf(plan.pidFile);
  const answer = await ask(plan.controlPath, "restart");
  if (answer !== null) return printOutcome(checked<Outcome>(answer, outcomeShape), print, false);
  return await restartByStatusFile(pid, plan, print);
}

const pollMs = 100;

/** For a supervisor without a control socket, such as Perl's: polls the status file. */
async function restartByStatusFile(pid: number, plan: ClientPlan, print: Print): Promise<number> {
  const statusFile = plan.statusFile as string;
  const before = readStatusFile(statusFile);
  if (before === null) throw new StartError(`failed to open file:${statusFile}`, noSuchFile);
  const fault = statusFaultOf(readIfThere(statusFile) ?? "");
  if (fault !== null) throw new StartError(`${statusFile}:${fault}`, 255);
  if (before.length === 0) throw new StartError("no active process found in the status file", 255);
  const newest = Math.max(...before.map(({ generation }) => generation));
  if (!sendSignal(pid, "HUP")) {
    throw new StartError(`no process ${pid}: ${plan.pidFile} is stale`, noSuchProcess);
  }
  while (true) {
    const now = readStatusFile(statusFile) ?? [];
    if (now.length > 0 && now.every(({ generation }) => generation > newest)) return 0;
    if (!processExists(pid)) {
      print("restart failed: the supervisor exited");
      return 1;
    }
    await delay(pollMs);
  }
}

/** `hayate supervise reload PIDFILE|SOCKET`. */
export async function reload(target: string, print: Print): Promise<number> {
  const answer = await ask(controlPathOf(target), "reload");
  if (answer !== null) return printOutcome(checked<Outcome>(answer, outcomeShape), print, true);
  throw notRunning(target);
}

/** `hayate supervise stop PIDFILE|SOCKET`. */
export async function stop(target: string, print: Print): Promise<number> {
  const path = controlPathOf(target);
  const started = performance.now();
  if (path !== target && !isHeld(target)) throw notRunning(target);
  const answer = await ask(path, "status");
  const pid = (answer === null ? null : checked<Status>(answer, statusShape).pid) ??
    (path === target ? null : readPid(target));
  if (pid === null || !sendSignal(pid, "TERM")) throw notRunning(target);
  if (path === target) await waitForEnd(pid);
  else await waitForRelease(target);
  print(`stopped supervisor ${pid} in ${((performance.now() - started) / 1000).toFixed(1)} s`);
  return 0;
}

async function waitForEnd(pid: number): Promise<void> {
  while (processExists(pid)) await delay(pollMs);
}

/** `hayate supervise status PIDFILE|SOCKET [--json]`: the text to print. */
export async function status(target: string, json: boolean): Promise<string> {
  const found = await ask(controlPathOf(target), "status");
  if (found === null) throw notRunning(target);
  const answer = checked<Status>(found, statusShape);
  return json ? `${JSON.stringify(answer, null, 2)}\n` : statusText(answer);
}

/** A supervisor of another version may send an answer of another shape. */
function checked<T>(answer: unknown, shape: Shape): T {
  const fault = shapeFaultOf(answer, shape, "it");
  if (fault === null) return answer as T;
  throw new StartError(`unexpected answer from the supervisor: ${fault}`);
}

function printOutcome(outcome: Outcome, print: Print, isVerbose: boolean): number {
  if (!outcome.ok) {
    print(`restart failed: ${outcome.reason}; generation ${outcome.generation} keeps serving`);
    return 1;
  }
  if (isVerbose) print(`generation ${outcome.generation} is serving`);
  return 0;
}

function notRunning(target: string): StartError {
  return new StartError(`no supervisor is running at ${target}`, noSuchProcess);
}

function pidOf(pidFile: string): number {
  const text = readIfThere(pidFile);
  if (text === null) {
    throw new StartError(`failed to open file:${pidFile}: no such file`, noSuchFile);
  }
  const pid = parsePid(text);
  if (pid !== null) return pid;
  const found = JSON.stringify(text.split("\n")[0].slice(0, 40));
  throw new StartError(`${pidFile}: found ${found}, expected the pid of a supervisor`, noSuchFile);
}

/** `target` itself if it is a socket, else the socket next to that pid file. */
function controlPathOf(target: string): string {
  try {
    if (Deno.statSync(target).isSocket) return target;
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  return `${target}.sock`;
}

/** The answer to the command; null if nothing listens or the supervisor ends first. */
function ask(path: string, command: Command): Promise<unknown> {
  return new Promise((resolve) => {
    const channel: Channel | null = connectChannel(path, {
      onMessage: (message) => {
        channel?.close();
        resolve(message);
      },
      onEnd: () => resolve(null),
    });
    if (channel === null) resolve(null);
    else channel.send({ command });
  });
}
