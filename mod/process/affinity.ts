/**
 * Keeps the thread that serves on one CPU (sched_setaffinity(2)), as nginx's worker_cpu_affinity
 * does. The threads that V8 collects and compiles in have started before, and stay free.
 */
import { exitCodes, StartError } from "../base/errors.ts";
import { errnoName } from "../sys/errno.ts";
import { errno } from "../sys/libc.ts";
import { libcProcess } from "../sys/libc_process.ts";
import { allowedCpus, cpuMax, readTextOrNull } from "./cpus.ts";
import { dropVariable, getVariable } from "./environment.ts";

/** A worker's CPU, from its master. */
const cpuVariable = "HAYATE_CPU";
/** sched_setaffinity(2): the calling thread. */
const thisThread = 0;
/** A bit for each CPU up to `cpuMax`. */
const maskBytes = (cpuMax + 1) / 8;

let found: readonly number[] | null = null;
let isPinned = false;

/** The CPUs that this process was started with, in their order; empty: unknown. */
function cpusOfStart(): readonly number[] {
  // Read once, before `pin`: a pinned process would find only its own.
  return found ??= allowedCpus(readTextOrNull);
}

/**
 * The CPUs that `setting` asks for: `auto` is all that this process may use, null none. Throws
 * StartError as `checkCpus` does.
 */
export function chooseCpus(
  setting: string,
  wish: readonly number[] | "auto" | null,
): readonly number[] {
  if (wish === "auto") return cpusOfStart();
  checkCpus(setting, wish ?? []);
  return wish ?? [];
}

/** Throws StartError if `cpus` has one that this process may not use. `setting` asks for them. */
export function checkCpus(setting: string, cpus: readonly number[]): void {
  const allowed = cpusOfStart();
  if (allowed.length === 0) return;
  const wrong = cpus.find((cpu) => !allowed.includes(cpu));
  if (wrong === undefined) return;
  throw new StartError(
    `${setting}: this process may not use CPU ${wrong}, only ${allowed.join(", ")}`,
    exitCodes.config,
  );
}

/** What tells a worker its CPU. `slot`: 0 is the first worker's; no `cpus`: it is not pinned. */
export function cpuVariables(cpus: readonly number[], slot: number): Record<string, string> {
  return cpus.length === 0 ? {} : { [cpuVariable]: String(cpus[slot % cpus.length]) };
}

/** Does what `cpuVariables` of the master says. `warn`: see `pin`. */
export function pinAsTold(warn: (message: string) => void): void {
  const cpu = getVariable(cpuVariable);
  dropVariable(cpuVariable);
  if (cpu !== undefined) pin(Number(cpu), warn);
}

/** `cpu`: checked before. It may have been taken away since: `warn`, and this thread stays free. */
export function pin(cpu: number, warn: (message: string) => void): void {
  cpusOfStart();
  if (stayOn([cpu])) isPinned = true;
  else warn(`cannot stay on CPU ${cpu}: ${errnoName(errno())}`);
}

/** Undoes `pin`: a reload names no CPU any more. */
export function unpin(): void {
  if (isPinned && stayOn(cpusOfStart())) isPinned = false;
}

function stayOn(cpus: readonly number[]): boolean {
  const mask = new Uint8Array(maskBytes);
  for (const cpu of cpus) mask[cpu >> 3] |= 1 << (cpu & 7);
  return libcProcess.sched_setaffinity(thisThread, BigInt(maskBytes), mask) === 0;
}
