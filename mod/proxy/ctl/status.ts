/** `hayate proxy ctl status`: the process, and what its supervisor has started. */
import {
  amount,
  count,
  list,
  nullable,
  optional,
  record,
  shapeFaultOf,
  text,
} from "../../base/shape.ts";
import { StartError } from "../../base/errors.ts";
import { failuresText, failureText } from "../../process/handover/generation_report.ts";
import { formatShortDuration } from "../../std/duration.ts";
import { padColumns } from "./report.ts";

/** Only the fields that are printed. */
interface ListedStatus {
  readonly version: string;
  readonly pid: number;
  readonly generation: number;
  readonly workers: number;
  readonly uptimeSeconds: number;
  readonly connections: number;
  readonly requests: number;
  /** null: there is none. Absent from earlier versions. */
  readonly supervisor?: ListedSupervisor | null;
}

interface ListedSupervisor {
  readonly pid: number;
  readonly startFailures: number;
  readonly deaths: number;
  readonly lastFailure: ListedFailure | null;
  readonly generations: readonly ListedGeneration[];
}

interface ListedFailure {
  readonly number: number;
  readonly cause: string;
  readonly at: string;
}

interface ListedGeneration {
  readonly number: number;
  readonly state: string;
  readonly pid: number;
  readonly startedAt: string;
  readonly by: string;
  readonly cause: string;
}

const shape = record<ListedStatus>({
  version: text,
  pid: count,
  generation: count,
  workers: count,
  uptimeSeconds: amount,
  connections: count,
  requests: count,
  supervisor: optional(nullable(record<ListedSupervisor>({
    pid: count,
    startFailures: count,
    deaths: count,
    lastFailure: nullable(record<ListedFailure>({ number: count, cause: text, at: text })),
    generations: list(record<ListedGeneration>({
      number: count,
      state: text,
      pid: count,
      startedAt: text,
      by: text,
      cause: text,
    })),
  }))),
});

/** `json`: the answer of status.json. Throws `StartError` when it has another form. */
export function renderStatus(json: unknown): string {
  const fault = shapeFaultOf(json, shape, "the answer");
  if (fault !== null) throw new StartError(`the proxy's status cannot be read: ${fault}`);
  const status = json as ListedStatus;
  const workers = status.workers > 1 ? `, ${status.workers} workers` : "";
  const process = `hayate ${status.version}, generation ${status.generation}, pid ${status.pid}` +
    `${workers}, up ${formatShortDuration(status.uptimeSeconds * 1000)}\n` +
    `${status.connections} connections, ${status.requests} requests\n`;
  const { supervisor = null } = status;
  return supervisor === null ? process : `${process}\n${supervisorText(supervisor)}`;
}

function supervisorText(supervisor: ListedSupervisor): string {
  const { pid, lastFailure, generations } = supervisor;
  const rows = generations.map((one) => [
    String(one.number),
    one.state,
    one.pid === 0 ? "-" : String(one.pid),
    shortTime(one.startedAt),
    one.by,
    one.cause,
  ]);
  const head = `supervisor ${pid}: ${failuresText(supervisor)}\n`;
  const failure = lastFailure === null
    ? ""
    : `last failure, ${shortTime(lastFailure.at)}: ${failureText(lastFailure)}\n`;
  return head + failure +
    padColumns([["generation", "state", "pid", "started", "by", "cause"], ...rows], "  ");
}

function shortTime(iso: string): string {
  return iso.replace(/\.\d+Z$/, "Z");
}
