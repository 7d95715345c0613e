/** The machines of a run in its JSON report. */
import type { MachineShare } from "../../stats/machine_share.ts";
import { cpuShare, type LoadResult, requestedRate, throughput } from "../../stats/result.ts";
import { Slot } from "../../stats/thread_stats.ts";

export interface MachineJson {
  readonly name: string;
  readonly hostName: string;
  /** Why it was lost, and is in no figure; null: it was not. The figures below are null then. */
  readonly lost: string | null;
  /** Its clock minus the coordinator's, and by how much that may be wrong. */
  readonly clockOffsetMs: number;
  readonly clockErrorMs: number;
  /** How much later than agreed it began. */
  readonly startedLateMs: number;
  readonly connections: number | null;
  readonly requestsAnswered: number | null;
  readonly requestsPerSecond: number | null;
  /** Its share of the schedule; null in a closed loop. */
  readonly askedRequestsPerSecond: number | null;
  readonly requestsUnsent: number | null;
  readonly cpuShareOfThreads: number | null;
}

export function machineJson(machine: MachineShare): MachineJson {
  const { name, hostName, lost, clockOffsetMs, clockErrorMs, startedLateMs, result } = machine;
  const figures = result === null ? noFigures : figuresOf(result);
  return { name, hostName, lost, clockOffsetMs, clockErrorMs, startedLateMs, ...figures };
}

type Figures = Pick<
  MachineJson,
  | "connections"
  | "requestsAnswered"
  | "requestsPerSecond"
  | "askedRequestsPerSecond"
  | "requestsUnsent"
  | "cpuShareOfThreads"
>;

const noFigures: Figures = {
  connections: null,
  requestsAnswered: null,
  requestsPerSecond: null,
  askedRequestsPerSecond: null,
  requestsUnsent: null,
  cpuShareOfThreads: null,
};

function figuresOf(result: LoadResult): Figures {
  const { counters } = result.stats;
  return {
    connections: result.connections,
    requestsAnswered: counters[Slot.answered],
    requestsPerSecond: result.measuredMs === 0 ? null : throughput(result),
    askedRequestsPerSecond: requestedRate(result),
    requestsUnsent: result.requestedRate === null ? null : counters[Slot.unsent],
    cpuShareOfThreads: cpuShare(result),
  };
}
