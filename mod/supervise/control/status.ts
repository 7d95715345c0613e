/** The status that `hayate supervise status` prints. Pure. */
import { amount, count, flag, list, nullable, record, text, whole } from "../../base/shape.ts";
import { formatShortDuration } from "../../std/duration.ts";
import type { RunPlan } from "../plan/plan.ts";
import type { Slot, State, Worker } from "../../lifecycle/core/state.ts";

export interface WorkerStatus {
  readonly generation: number;
  readonly pid: number;
  /** Counts from 1. */
  readonly slot: number;
  readonly state: "starting" | "serving" | "replaced" | "draining";
  readonly ageMs: number;
}

export interface Status {
  readonly pid: number;
  readonly version: string;
  readonly phase: State["phase"];
  readonly uptimeMs: number;
  readonly command: readonly string[];
  readonly listen: readonly string[];
  /** Starts so far, failed ones included. */
  readonly generation: number;
  /** Restarts that replaced every worker. */
  readonly restarts: number;
  readonly restarting: boolean;
  readonly restartWaiting: boolean;
  readonly workers: readonly WorkerStatus[];
  readonly lastFailure: LastFailure | null;
}

export interface LastFailure {
  readonly generation: number | null;
  readonly reason: string;
  readonly agoMs: number;
}

/** Checked by the client, as another version may have sent it. */
export const statusShape = record<Status>({
  pid: whole(1),
  version: text,
  phase: text,
  uptimeMs: amount,
  command: list(text),
  listen: list(text),
  generation: count,
  restarts: count,
  restarting: flag,
  restartWaiting: flag,
  workers: list(record<WorkerStatus>({
    generation: count,
    pid: count,
    slot: count,
    state: text,
    ageMs: amount,
  })),
  lastFailure: nullable(
    record<LastFailure>({ generation: nullable(count), reason: text, agoMs: amount }),
  ),
});

/** What the core's state does not contain. */
export interface StatusContext {
  readonly plan: RunPlan;
  readonly listen: readonly string[];
  readonly pid: number;
  readonly version: string;
  readonly nowMs: number;
  readonly startedMs: number;
  readonly lastFailure: { generation: number | null; reason: string; atMs: number } | null;
}

export function statusOf(state: State, context: StatusContext): Status {
  const { nowMs, lastFailure, plan } = context;
  return {
    pid: context.pid,
    version: context.version,
    phase: state.phase,
    uptimeMs: Math.round(nowMs - context.startedMs),
    command: plan.command,
    listen: context.listen,
    generation: state.generation,
    restarts: state.restartCount,
    restarting: state.restart !== null,
    restartWaiting: state.restartWaiting,
    workers: state.slots.flatMap((slot, index) => workersStatus(slot, index, nowMs)),
    lastFailure: lastFailure === null ? null : {
      generation: lastFailure.generation,
      reason: lastFailure.reason,
      agoMs: Math.round(nowMs - lastFailure.atMs),
    },
  };
}

function workersStatus(slot: Slot, index: number, nowMs: number): WorkerStatus[] {
  const row = (worker: Worker | null, state: WorkerStatus["state"]): WorkerStatus[] =>
    worker === null ? [] : [{
      generation: worker.generation,
      pid: worker.pid,
      slot: index + 1,
      state,
      ageMs: Math.round(nowMs - worker.startedMs),
    }];
  return [
    ...row(slot.current, "serving"),
    ...row(slot.candidate, "starting"),
    ...row(slot.previous, "replaced"),
    ...slot.draining.flatMap((worker) => row(worker, "draining")),
  ];
}

/** The status as a table. */
export function statusText(status: Status): string {
  const phase = status.restarting ? "restarting" : status.phase;
  const lines = [
    `supervisor ${status.pid}: ${phase}, up ${
      formatShortDuration(status.uptimeMs)
    }, ${status.restarts} restarts`,
    `command     ${status.command.join(" ")}`,
    `listens on  ${status.listen.join("  ") || "nothing"}`,
    "",
    row("GENERATION", "PID", "SLOT", "STATE", "AGE"),
  ];
  for (const { generation, pid, slot, state, ageMs } of status.workers) {
    lines.push(
      row(String(generation), String(pid), String(slot), state, formatShortDuration(ageMs)),
    );
  }
  if (status.lastFailure !== null) {
    const { generation, reason, agoMs } = status.lastFailure;
    const which = generation === null ? "" : `generation ${generation}: `;
    lines.push("", `last failure, ${formatShortDuration(agoMs)} ago: ${which}${reason}`);
  }
  return `${lines.join("\n")}\n`;
}

function row(generation: string, pid: string, slot: string, state: string, ageText: string) {
  return `${generation.padStart(10)}  ${pid.padStart(8)}  ${slot.padStart(4)}  ${
    state.padEnd(9)
  } ${ageText}`;
}
