/**
 * `--daemonize`. A process with threads cannot continue after fork(2), so this program is started
 * again in a session of its own. We wait until it is up, so that the caller sees errors until then
 * and gets their exit code.
 */
import { exitCodeOf } from "../process/children/children.ts";
import { openPipe } from "../process/channel.ts";
import { descriptorWatch } from "../process/descriptor_watch.ts";
import { allVariables, dropVariable, getVariable } from "../process/environment.ts";
import { selfUnderName } from "../process/executable.ts";
import { type PassedDescriptor, spawn } from "../process/children/spawn.ts";
import { keepFromChildren } from "../process/handover/inherited.ts";
import { libc } from "../sys/libc.ts";
import { O } from "../sys/descriptor_flags.ts";
import { cString, libcProcess } from "../sys/libc_process.ts";
import { StartError } from "../base/errors.ts";
import { daemonVariable } from "./launcher.ts";
import type { RunPlan } from "./plan/plan.ts";

const reportNumber = 3;

/** Starts the background process; resolves with our exit code once it is up or has failed. */
export async function startDaemon(
  plan: RunPlan,
  argv: readonly string[],
  calledAs: string,
): Promise<number> {
  const report = openPipe();
  const devNull = libcProcess.open(cString("/dev/null"), O.rdwr | O.cloexec, 0);
  const descriptors: PassedDescriptor[] = [{ ours: report.writeEnd, number: reportNumber }];
  // Number 0 is left open for a socket that was asked for under that number.
  if (!plan.listen.some(({ number }) => number === 0)) {
    descriptors.push({ ours: devNull, number: 0 });
  }
  const child = spawn({
    ...selfUnderName(calledAs, argv),
    environment: { ...allVariables(), [daemonVariable]: String(reportNumber) },
    descriptors,
    newSession: true,
  });
  libc.close(report.writeEnd);
  if (child.pid === null) {
    throw new StartError(`cannot start the background process: ${child.reason}`);
  }
  const isUp = new Promise<number>((resolve) => {
    descriptorWatch.watch(report.readEnd, () => {
      const count = libc.read(report.readEnd, new Uint8Array(8), 8);
      descriptorWatch.forget(report.readEnd);
      if (count > 0) resolve(0);
    });
  });
  return await Promise.race([isUp, child.exited.then(exitCodeOf)]);
}

/**
 * Replaces Deno's copies of the caller's output with /dev/null. While we hold them open, a reader of
 * that output (ssh, a pipe) never sees its end.
 */
function closeCopiesOf(outputs: readonly (string | null)[]): void {
  const devNull = libcProcess.open(cString("/dev/null"), O.rdwr | O.cloexec, 0);
  for (const { name } of [...Deno.readDirSync("/proc/self/fd")]) {
    const fd = Number(name);
    if (fd <= 2 || !outputs.includes(linkOf(fd))) continue;
    libc.dup2(devNull, fd);
    keepFromChildren(fd);
  }
  libc.close(devNull);
}

function linkOf(fd: number): string | null {
  try {
    return Deno.readLinkSync(`/proc/self/fd/${fd}`);
  } catch {
    // The descriptor that the folder was read with is closed by now.
    return null;
  }
}

/** The function that tells the foreground process that we are up; null unless daemonized. */
export function claimDaemonReport(): (() => void) | null {
  const number = getVariable(daemonVariable);
  if (number === undefined) return null;
  dropVariable(daemonVariable);
  const fd = Number(number);
  keepFromChildren(fd);
  const callers = [1, 2].map(linkOf);
  return () => {
    closeCopiesOf(callers);
    libc.write(fd, new TextEncoder().encode("ok\n"), 3);
    libc.close(fd);
  };
}
