/** The status page as text and JSON. Pure. */
import { type RowReading, RowState } from "../worker/scoreboard.ts";

import {
  failuresText,
  failureText,
  type GenerationReport,
} from "../../process/handover/generation_report.ts";

/** The status of one worker. */
export interface WorkerStatus {
  readonly pid: number;
  readonly slot: number;
  readonly state: "starting" | "idle" | "busy" | "draining";
  readonly uptimeMs: number;
  readonly requests: number;
  readonly connections: number;
  /** `GET /path` of the current request; null when idle. */
  readonly request: string | null;
  readonly requestAgeMs: number | null;
  readonly memoryBytes: number;
}

export interface ServeStatus {
  readonly version: string;
  readonly pid: number;
  readonly uptimeMs: number;
  readonly workers: readonly WorkerStatus[];
  /** What the supervisor tells of its generations; null: there is none, or it tells nothing. */
  readonly supervisor: GenerationReport | null;
}

/** Combines a process and its scoreboard row. */
export function describeWorker(
  process: { pid: number; slot: number; isReady: boolean; isEnding: boolean; uptimeMs: number },
  row: RowReading | null,
  memoryBytes: number,
  nowEpochMs: number,
): WorkerStatus {
  const isBusy = row !== null && (row.state === RowState.busy || row.pending > 0);
  const state = process.isEnding
    ? "draining"
    : !process.isReady
    ? "starting"
    : isBusy
    ? "busy"
    : "idle";
  return {
    pid: process.pid,
    slot: process.slot,
    state,
    uptimeMs: Math.round(process.uptimeMs),
    requests: row?.requests ?? 0,
    connections: row?.connections ?? 0,
    request: isBusy ? row.request : null,
    requestAgeMs: isBusy ? Math.max(0, Math.round(nowEpochMs - row.requestStartMs)) : null,
    memoryBytes,
  };
}

/** Renders a table of at most 80 columns, apart from long requests. */
export function renderStatus(status: ServeStatus, nowMs: number): string {
  const count = status.workers.length;
  const lines = [
    `hayate serve ${status.version}, master ${status.pid}, up ${seconds(status.uptimeMs)}, ` +
    `${count} ${count === 1 ? "worker" : "workers"}`,
    "    PID SLOT STATE     UP        REQUESTS  CONNS  MEMORY  REQUEST",
  ];
  for (const worker of status.workers) {
    const request = worker.request === null
      ? "-"
      : `${worker.request} (${seconds(worker.requestAgeMs ?? 0)})`;
    lines.push(
      `${String(worker.pid).padStart(7)} ${String(worker.slot).padStart(4)} ` +
        `${worker.state.padEnd(9)} ${seconds(worker.uptimeMs).padEnd(9)} ` +
        `${String(worker.requests).padStart(8)} ${String(worker.connections).padStart(6)} ` +
        `${Math.round(worker.memoryBytes / 1048576)} MB`.padStart(7) + `  ${request}`,
    );
  }
  if (status.supervisor !== null) lines.push("", ...supervisorLines(status.supervisor, nowMs));
  return lines.join("\n") + "\n";
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)}s`;
}

/** `nowMs`: epoch ms. */
function supervisorLines(report: GenerationReport, nowMs: number): string[] {
  const ago = (ms: number) => seconds(Math.max(0, nowMs - ms)).padEnd(9);
  const { lastFailure } = report;
  return [
    `supervisor ${report.supervisor}: ${failuresText(report)}`,
    ...(lastFailure === null
      ? []
      : [`last failure, ${ago(lastFailure.atMs).trim()} ago: ${failureText(lastFailure)}`]),
    "GENERATION    PID STATE     STARTED   BY",
    ...report.generations.map((one) =>
      `${String(one.number).padStart(10)} ${(one.pid || "-").toString().padStart(6)} ` +
      `${one.state.padEnd(9)} ${ago(one.startedMs)} ${one.by}` +
      (one.cause === "" ? "" : `: ${one.cause}`)
    ),
  ];
}
