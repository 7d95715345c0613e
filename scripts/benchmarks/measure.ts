/** Runs one row of a comparison: all contenders in turn, repeatedly. */
import type {
  ClientSpec,
  Effort,
  PerTransport,
  ServerComparison,
  ServerSpec,
  Target,
  ThroughputComparison,
  Transport,
} from "./comparison.ts";
import { variedHeads } from "./contenders/drivers.ts";
import {
  ClientFailure,
  type CpuTime,
  descriptorsMax,
  PinnedProcess,
  runPinned,
} from "./processes.ts";
import { findProgram, whyAbsent } from "./programs.ts";
import { summarize } from "./statistics.ts";
import { clientCore, serverCore, TestBed, writeFiles } from "./test_bed.ts";
import { parseReport } from "./client_output.ts";
import type { WrkReport } from "./wrk_output.ts";

/** One run of one contender. */
export interface Trial {
  readonly requests: number;
  readonly requestsPerSecond: number;
  readonly errors: number;
  /** Microseconds per request over the whole run; the client's excludes its start. */
  readonly server: CpuTime;
  readonly client: CpuTime;
}

export interface ContenderResult {
  readonly name: string;
  /** Empty when the contender could not take part. */
  readonly trials: readonly Trial[];
  /** Why it could not take part; null when it did. */
  readonly missing: string | null;
  /** Its first second, before the other runs; null when it could not take part. */
  readonly first: Trial | null;
  readonly isFloor: boolean;
  /** It does not count for the goal. */
  readonly isAside: boolean;
  /** See `ServerSpec`. */
  readonly goal?: number;
}

export interface Row {
  readonly comparison: string;
  readonly judged: ThroughputComparison["judged"];
  readonly transport: Transport;
  readonly connections: number;
  /** The client when servers are compared. */
  readonly driver: string | null;
  /** The value of a growth comparison, and what it counts; null in all others. */
  readonly value: { readonly number: number; readonly axis: string } | null;
  /** See `ThroughputComparison`; null: no goal. */
  readonly goal: number | null;
  readonly floorGoal: number | null;
  readonly contenders: readonly ContenderResult[];
}

/** One contender, ready to run. */
interface Side {
  readonly client: ClientSpec;
  readonly server: PinnedProcess;
  readonly target: Target;
  /** CPU time of the client's start. */
  start: CpuTime;
  first: Trial | null;
  /** See `ThroughputComparison`; null: answers are counted. */
  readonly bodyBytes: number | null;
}

/** The duration of one run. */
export function secondsOf({ secondsMin }: ThroughputComparison, { seconds }: Effort): number {
  return Math.max(seconds, secondsMin ?? 0);
}

/** Measures one row. All processes that it starts have ended when it returns. */
export async function measureRow(
  comparison: ThroughputComparison,
  transport: Transport,
  connections: number,
  effort: Effort,
  progress: (text: string) => void,
): Promise<Row> {
  requireDescriptors(connections);
  await using bed = await TestBed.make(transport, connections, comparison.isTls ?? false);
  const noPackages = await bed.install(comparison.packages ?? {});
  const missing = comparison.contenders.map((contender) =>
    whyMissing(contender, transport) ?? noPackages
  );
  const sides = await startSides(comparison, bed, missing);
  const trials: Trial[][] = comparison.contenders.map(() => []);
  for (const [index, side] of sides.entries()) {
    if (side === null) continue;
    progress(`${comparison.contenders[index].name}: warm-up`);
    try {
      await writeFiles(side.target.folder, side.client.files ?? {});
      side.start = await startCost(side);
      side.first = await runTrial(side, connections, 1);
      await warmUp(side, connections, (comparison.warmUpRequests ?? 0) - side.first.requests);
    } catch (error) {
      missing[index] = troubleOf(error as Error, side.client);
      sides[index] = null;
    }
  }
  const present = [...sides.keys()].filter((index) => sides[index] !== null);
  const seconds = secondsOf(comparison, effort);
  for (let run = 1; run <= effort.runs; run++) {
    // Alternate the direction, so that no contender always follows the same one.
    for (const index of run % 2 === 1 ? present : present.toReversed()) {
      if (missing[index] !== null) continue;
      progress(`${comparison.contenders[index].name}: run ${run} of ${effort.runs}`);
      try {
        trials[index].push(await runTrial(sides[index]!, connections, seconds));
      } catch (error) {
        missing[index] = troubleOf(error as Error, sides[index]!.client);
      }
    }
  }
  return {
    comparison: comparison.name,
    judged: comparison.judged,
    transport,
    connections,
    driver: comparison.judged === "server" ? driversOf(comparison, transport) : null,
    value: null,
    goal: forTransport(comparison.goal, transport),
    floorGoal: forTransport(comparison.floorGoal, transport),
    contenders: comparison.contenders.map(({ isFloor, isAside, ...spec }, index) => ({
      name: spec.name,
      // Some figures of a contender that then failed would look like all of them.
      trials: missing[index] === null ? trials[index] : [],
      missing: missing[index],
      first: sides[index]?.first ?? null,
      isFloor: isFloor ?? false,
      isAside: isAside ?? false,
      ...("goal" in spec ? { goal: spec.goal } : {}),
    })),
  };
}

/** One line for the table, without paths of this machine. */
function troubleOf(error: Error, { name }: ClientSpec): string {
  if (!(error instanceof ClientFailure)) return error.message.split("\n")[0];
  const [said] = error.said.split("\n");
  return `${name} ended with ${error.code}${said === "" ? "" : `: ${said}`}`;
}

/** Descriptors of a program beside those of its connections: fewer than this. */
const spareDescriptors = 300;

/** Connections that a client of this machine may have. */
export function connectionsMax(): number {
  return descriptorsMax() - spareDescriptors;
}

function requireDescriptors(connections: number): void {
  const most = connectionsMax();
  if (connections <= most) return;
  throw new Error(`not measured: this machine's limit of open files is for ${most} connections`);
}

function forTransport<T>(value: PerTransport<T> | undefined, transport: Transport): T | null {
  if (value === undefined) return null;
  return isPerTransport(value) ? value[transport] : value;
}

function isPerTransport<T>(
  value: PerTransport<T>,
): value is Readonly<Record<Transport, T | null>> {
  return typeof value === "object" && value !== null && "tcp" in value && "unix" in value;
}

/** The names of all clients in a server row. */
function driversOf(comparison: ServerComparison, transport: Transport): string {
  const names = comparison.contenders.map((each) => driverFor(comparison, each, transport).name);
  return [...new Set(names)].join(" and ");
}

/** hayate load takes the place of a missing wrk. */
function driverFor(
  comparison: ServerComparison,
  contender: ServerSpec,
  transport: Transport,
): ClientSpec {
  const drivers = comparison.driver ?? variedHeads;
  const driver = contender.driver ?? forTransport(drivers, transport);
  if (driver === null) throw new TypeError(`${comparison.name} has no client for ${transport}`);
  if (findProgram(driver.program) !== null) return driver;
  return forTransport(drivers, "unix") ?? driver;
}

/** Null when the contender can take part. */
export function whyMissing(
  contender: ClientSpec | ServerSpec,
  transport: Transport,
): string | null {
  if (findProgram(contender.program) === null) return whyAbsent(contender.program);
  if ("transports" in contender && !contender.transports.includes(transport)) {
    return `cannot use ${transport} sockets`;
  }
  return null;
}

async function startSides(
  comparison: ThroughputComparison,
  bed: TestBed,
  missing: (string | null)[],
): Promise<(Side | null)[]> {
  const bodyBytes = comparison.bodyBytes ?? null;
  if (comparison.judged === "client") {
    const { server, target } = await bed.start(firstFound(comparison.targets), serverCore, null);
    return comparison.contenders.map((client, index) =>
      missing[index] === null
        ? { client, server, target, start: noTime, first: null, bodyBytes }
        : null
    );
  }
  const { upstreams } = comparison;
  const upstream = upstreams === undefined
    ? null
    : (await bed.start(firstFound(upstreams), clientCore, null, null)).target.address;
  const sides: (Side | null)[] = [];
  for (const [index, contender] of comparison.contenders.entries()) {
    sides.push(null);
    if (missing[index] !== null) continue;
    try {
      sides[index] = {
        client: driverFor(comparison, contender, bed.transport),
        start: noTime,
        first: null,
        bodyBytes,
        ...await bed.start(contender, serverCore, upstream),
      };
    } catch (error) {
      missing[index] = (error as Error).message;
    }
  }
  return sides;
}

/** The first that is installed; the first of all when none is, whose start then says so. */
function firstFound(specs: readonly ServerSpec[]): ServerSpec {
  return specs.find(({ program }) => findProgram(program) !== null) ?? specs[0];
}

const noTime: CpuTime = { userUs: 0, systemUs: 0 };
const startRuns = 3;

/** CPU time of a client that only starts and ends: the median of several runs. */
async function startCost({ client, target }: Side): Promise<CpuTime> {
  const args = client.startArgs?.(target);
  if (args === undefined) return noTime;
  const runs: CpuTime[] = [];
  for (let run = 0; run < startRuns; run++) {
    runs.push((await runPinned(clientCore, findProgram(client.program)!, args)).cpu);
  }
  return {
    userUs: summarize(runs.map(({ userUs }) => userUs)).median,
    systemUs: summarize(runs.map(({ systemUs }) => systemUs)).median,
  };
}

/** More seconds, until `requests` more have been answered; a slow server gets no more than these. */
const warmUpSecondsMax = 15;

async function warmUp(side: Side, connections: number, requests: number): Promise<void> {
  let left = requests;
  for (let second = 0; left > 0 && second < warmUpSecondsMax; second++) {
    left -= (await runTrial(side, connections, 1)).requests;
  }
}

/** Whole answers, or with large bodies their bytes in answers. */
function answersOf({ requests, bytesRead }: WrkReport, bodyBytes: number | null): number {
  return bodyBytes === null || bytesRead === null ? requests : bytesRead / bodyBytes;
}

async function runTrial(side: Side, connections: number, seconds: number): Promise<Trial> {
  const { client, server, target, bodyBytes } = side;
  const path = findProgram(client.program)!;
  const before = server.cpuTime();
  const run = await runPinned(clientCore, path, client.args(target, connections, seconds));
  const after = server.cpuTime();
  const report = parseReport(run.output);
  const { errors } = report;
  const requests = answersOf(report, bodyBytes);
  if (requests === 0) throw new Error(`${client.name} got no answer`);
  const requestsPerSecond = report.requests === 0
    ? requests / seconds
    : report.requestsPerSecond * requests / report.requests;
  return {
    requests,
    requestsPerSecond,
    errors,
    server: {
      userUs: (after.userUs - before.userUs) / requests,
      systemUs: (after.systemUs - before.systemUs) / requests,
    },
    client: {
      userUs: (run.cpu.userUs - side.start.userUs) / requests,
      systemUs: (run.cpu.systemUs - side.start.systemUs) / requests,
    },
  };
}
