/** Attributes failures to causes, and detects growth. Pure. */
import { mayCost, type TroubleKind } from "./trouble.ts";

/** One second of one load run. Times are milliseconds since the epoch. */
export interface Second {
  readonly startMs: number;
  readonly endMs: number;
  readonly requests: number;
  readonly failed: number;
  readonly p50Us: number;
  readonly p99Us: number;
  readonly maxUs: number;
}

/** A trouble that has happened. */
export interface Happened {
  readonly kind: TroubleKind;
  readonly atMs: number;
}

export interface Failures {
  /** Failures by the kind of kill that explains them. */
  readonly explained: Readonly<Record<string, number>>;
  readonly unexplained: readonly { readonly atMs: number; readonly count: number }[];
}

/** A request held by a killed process fails immediately, or is counted within this time. */
const explainedMs = 2000;

/**
 * Attributes each second's failures to a kill shortly before. One kill explains at most `heldMax`
 * failures: the clients' open connections, and as many attempts to reconnect.
 */
export function attribute(
  seconds: readonly Second[],
  happened: readonly Happened[],
  heldMax: number,
): Failures {
  const explained: Record<string, number> = {};
  const unexplained: { atMs: number; count: number }[] = [];
  const room = new Map(happened.filter(({ kind }) => mayCost(kind)).map((each) => [each, heldMax]));
  for (const second of seconds) {
    let left = second.failed;
    for (const [kill, free] of room) {
      const isNear = kill.atMs <= second.endMs && kill.atMs >= second.startMs - explainedMs;
      if (!isNear || left === 0) continue;
      const taken = Math.min(left, free);
      room.set(kill, free - taken);
      explained[kill.kind] = (explained[kill.kind] ?? 0) + taken;
      left -= taken;
    }
    if (left > 0) unexplained.push({ atMs: second.startMs, count: left });
  }
  return { explained, unexplained };
}

/** Resources of the appliance's processes at one moment. */
export interface Sample {
  readonly atMs: number;
  readonly processes: number;
  /** Of the supervisor, which lives for the whole soak. */
  readonly supervisorDescriptors: number;
  readonly supervisorBytes: number;
  /** Of all processes below it. */
  readonly descriptors: number;
  readonly bytes: number;
}

/** Allowed growth from start to end. */
export const growthMax = {
  supervisorDescriptors: 0,
  processes: 0,
  descriptors: 20,
  supervisorBytes: 8e6,
  /** Per process below the supervisor: the difference between a heap before and after collection. */
  bytesPerProcess: 15e6,
} as const;

/** Growth beyond the allowed amount, one line per kind. */
export function growths(first: Sample, last: Sample): string[] {
  const found: string[] = [];
  const compare = (what: string, before: number, after: number, allowed: number) => {
    if (after - before > allowed) {
      found.push(`${what}: ${before} at the start, ${after} at the end`);
    }
  };
  const { processes, supervisorDescriptors, descriptors, supervisorBytes } = growthMax;
  compare("processes", first.processes, last.processes, processes);
  compare(
    "descriptors of the supervisor",
    first.supervisorDescriptors,
    last.supervisorDescriptors,
    supervisorDescriptors,
  );
  compare("descriptors of its workers", first.descriptors, last.descriptors, descriptors);
  compare("bytes of the supervisor", first.supervisorBytes, last.supervisorBytes, supervisorBytes);
  const allowed = growthMax.bytesPerProcess * Math.max(1, first.processes - 1);
  compare("bytes of its workers", first.bytes, last.bytes, allowed);
  return found;
}

/** Latency during one stretch of the soak. */
export interface Stretch {
  readonly fromMs: number;
  readonly requests: number;
  readonly failed: number;
  /** Medians of the seconds' own figures; the largest of the maxima. */
  readonly p50Us: number;
  readonly p99Us: number;
  readonly maxUs: number;
}

/** Divides the seconds into `count` stretches of equal length. */
export function stretches(seconds: readonly Second[], count: number): Stretch[] {
  if (seconds.length === 0) return [];
  const startMs = Math.min(...seconds.map((second) => second.startMs));
  const endMs = Math.max(...seconds.map((second) => second.endMs));
  const lengthMs = (endMs - startMs) / count;
  return Array.from({ length: count }, (_, index) => {
    const fromMs = startMs + index * lengthMs;
    const inside = seconds.filter(({ startMs: at }) => at >= fromMs && at < fromMs + lengthMs);
    return {
      fromMs: fromMs - startMs,
      requests: sum(inside.map((second) => second.requests)),
      failed: sum(inside.map((second) => second.failed)),
      p50Us: middle(inside.map((second) => second.p50Us)),
      p99Us: middle(inside.map((second) => second.p99Us)),
      maxUs: Math.max(0, ...inside.map((second) => second.maxUs)),
    };
  });
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function middle(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0;
}
