/** Runs one row of a comparison: all contenders in turn, repeatedly. */
import type {
  ClientSpec,
  Effort,
  ServerComparison,
  ServerSpec,
  Target,
  ThroughputComparison,
  Transport,
} from "./comparison.ts";
import { hayateLoad } from "./contenders/hayate_load.ts";
import { wrk } from "./contenders/wrk.ts";
import { type CpuTime, PinnedProcess, runPinned } from "./processes.ts";
import { findProgram } from "./programs.ts";
import { summarize } from "./statistics.ts";
import { clientCore, serverCore, TestBed } from "./test_bed.ts";
import { parseReport } from "./client_output.ts";

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
}

export interface Row {
  readonly comparison: string;
  readonly judged: ThroughputComparison["judged"];
  readonly transport: Transport;
  readonly connections: number;
  /** The client when servers are compared. */
  readonly driver: string | null;
  /** See `ThroughputComparison.goal`; null: no goal. */
  readonly goal: number | null;
  readonly contenders: readonly ContenderResult[];
}

/** One contender, ready to run. */
interface Side {
  readonly client: ClientSpec;
  readonly server: PinnedProcess;
  readonly target: Target;
  /** CPU time of the client's start. */
  start: CpuTime;
}

/** Measures one row. All processes that it starts have ended when it returns. */
export async function measureRow(
  comparison: ThroughputComparison,
  transport: Transport,
  connections: number,
  effort: Effort,
  progress: (text: string) => void,
): Promise<Row> {
  await using bed = await TestBed.make(transport, connections, comparison.isTls ?? false);
  const missing = comparison.contenders.map((contender) => whyMissing(contender, transport));
  const sides = await startSides(comparison, bed, missing);
  const trials: Trial[][] = comparison.contenders.map(() => []);
  for (const [index, side] of sides.entries()) {
    if (side === null) continue;
    progress(`${comparison.contenders[index].name}: warm-up`);
    try {
      await runTrial(side, connections, 1);
      side.start = await startCost(side);
    } catch (error) {
      missing[index] = (error as Error).message.split("\n")[0];
      sides[index] = null;
    }
  }
  const present = [...sides.keys()].filter((index) => sides[index] !== null);
  for (let run = 1; run <= effort.runs; run++) {
    // Alternate the direction, so that no contender always follows the same one.
    for (const index of run % 2 === 1 ? present : present.toReversed()) {
      progress(`${comparison.contenders[index].name}: run ${run} of ${effort.runs}`);
      trials[index].push(await runTrial(sides[index]!, connections, effort.seconds));
    }
  }
  return {
    comparison: comparison.name,
    judged: comparison.judged,
    transport,
    connections,
    driver: comparison.judged === "server" ? driversOf(comparison, transport) : null,
    goal: goalOf(comparison, transport),
    contenders: comparison.contenders.map(({ name }, index) => ({
      name,
      trials: trials[index],
      missing: missing[index],
    })),
  };
}

function goalOf({ goal }: ThroughputComparison, transport: Transport): number | null {
  return typeof goal === "object" ? goal[transport] : goal ?? null;
}

/** The names of all clients in a server row. */
function driversOf(comparison: ServerComparison, transport: Transport): string {
  const names = comparison.contenders.map((each) => driverFor(comparison, each, transport).name);
  return [...new Set(names)].join(" and ");
}

/** wrk where possible, because it is neutral; otherwise hayate load. */
function driverFor(
  comparison: ServerComparison,
  contender: ServerSpec,
  transport: Transport,
): ClientSpec {
  const driver = contender.driver ?? comparison.driver;
  if (driver !== undefined) return driver;
  return transport === "tcp" && findProgram(wrk.program) !== null ? wrk : hayateLoad;
}

/** Null when the contender can take part. */
export function whyMissing(
  contender: ClientSpec | ServerSpec,
  transport: Transport,
): string | null {
  if (findProgram(contender.program) === null) return `${contender.program} is missing`;
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
  if (comparison.judged === "client") {
    const { server, target } = await bed.start(comparison.target, serverCore, null);
    return comparison.contenders.map((client, index) =>
      missing[index] === null ? { client, server, target, start: noTime } : null
    );
  }
  const upstream = comparison.upstream === undefined
    ? null
    : (await bed.start(comparison.upstream, clientCore, null, null)).target.address;
  const sides: (Side | null)[] = [];
  for (const [index, contender] of comparison.contenders.entries()) {
    sides.push(null);
    if (missing[index] !== null) continue;
    try {
      sides[index] = {
        client: driverFor(comparison, contender, bed.transport),
        start: noTime,
        ...await bed.start(contender, serverCore, upstream),
      };
    } catch (error) {
      missing[index] = (error as Error).message;
    }
  }
  return sides;
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

async function runTrial(side: Side, connections: number, seconds: number): Promise<Trial> {
  const { client, server, target } = side;
  const path = findProgram(client.program)!;
  const before = server.cpuTime();
  const run = await runPinned(clientCore, path, client.args(target, connections, seconds));
  const after = server.cpuTime();
  const { requests, requestsPerSecond, errors } = parseReport(run.output);
  const per = Math.max(requests, 1);
  return {
    requests,
    requestsPerSecond,
    errors,
    server: {
      userUs: (after.userUs - before.userUs) / per,
      systemUs: (after.systemUs - before.systemUs) / per,
    },
    client: {
      userUs: (run.cpu.userUs - side.start.userUs) / per,
      systemUs: (run.cpu.systemUs - side.start.systemUs) / per,
    },
  };
}
