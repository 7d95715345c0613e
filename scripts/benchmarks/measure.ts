/** Runs one row of a comparison: every contender in turn, again and again. */
import type { Address } from "../../mod/base/address.ts";
import type {
  Certificate,
  ClientSpec,
  Comparison,
  Place,
  ServerComparison,
  ServerSpec,
  Target,
  Transport,
} from "./comparison.ts";
import { hayateLoad } from "./contenders/hayate.ts";
import { wrk } from "./contenders/wrk.ts";
import { type CpuTime, PinnedProcess, runPinned } from "./processes.ts";
import { findProgram } from "./programs.ts";
import { summarize } from "./statistics.ts";
import { parseWrkOutput } from "./wrk_output.ts";

/** One run of one contender. */
export interface Trial {
  readonly requests: number;
  readonly requestsPerSecond: number;
  readonly errors: number;
  /** In microseconds per request, of the whole run; the client's without its start. */
  readonly server: CpuTime;
  readonly client: CpuTime;
}

export interface ContenderResult {
  readonly name: string;
  /** Empty when it could not take part. */
  readonly trials: readonly Trial[];
  /** Why it did not take part; null when it did. */
  readonly missing: string | null;
}

export interface Row {
  readonly comparison: string;
  readonly judged: Comparison["judged"];
  readonly transport: Transport;
  readonly connections: number;
  /** The client, where servers are compared. */
  readonly driver: string | null;
  readonly contenders: readonly ContenderResult[];
}

export interface Effort {
  readonly seconds: number;
  readonly runs: number;
}

/** Servers on the first core, clients (and a proxy's upstream) on the last. */
const serverCore = 0;
const clientCore = navigator.hardwareConcurrency - 1;

/** One contender, ready to run. */
interface Side {
  readonly client: ClientSpec;
  readonly server: PinnedProcess;
  readonly target: Target;
  /** What it costs to start the client. */
  start: CpuTime;
}

/** Measures one row. Every process that it starts has ended when it returns. */
export async function measureRow(
  comparison: Comparison,
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
    for (const index of present) {
      progress(`${comparison.contenders[index].name}: run ${run} of ${effort.runs}`);
      trials[index].push(await runTrial(sides[index]!, connections, effort.seconds));
    }
  }
  return {
    comparison: comparison.name,
    judged: comparison.judged,
    transport,
    connections,
    driver: comparison.judged === "server" ? driverFor(comparison, transport).name : null,
    contenders: comparison.contenders.map(({ name }, index) => ({
      name,
      trials: trials[index],
      missing: missing[index],
    })),
  };
}

/** wrk where it can, because it is nobody's own; hayate load where wrk cannot. */
function driverFor({ driver }: ServerComparison, transport: Transport): ClientSpec {
  if (driver !== undefined) return driver;
  return transport === "tcp" && findProgram(wrk.program) !== null ? wrk : hayateLoad;
}

function whyMissing(contender: ClientSpec | ServerSpec, transport: Transport): string | null {
  if (findProgram(contender.program) === null) return `${contender.program} is missing`;
  if ("transports" in contender && !contender.transports.includes(transport)) {
    return `cannot use ${transport} sockets`;
  }
  return null;
}

async function startSides(
  comparison: Comparison,
  bed: TestBed,
  missing: (string | null)[],
): Promise<(Side | null)[]> {
  if (comparison.judged === "client") {
    const { server, target } = await bed.start(comparison.target, serverCore, null);
    return comparison.contenders.map((client, index) =>
      missing[index] === null ? { client, server, target, start: noTime } : null
    );
  }
  const client = driverFor(comparison, bed.transport);
  const upstream = comparison.upstream === undefined
    ? null
    : (await bed.start(comparison.upstream, clientCore, null, null)).target.address;
  const sides: (Side | null)[] = [];
  for (const [index, contender] of comparison.contenders.entries()) {
    sides.push(null);
    if (missing[index] !== null) continue;
    try {
      sides[index] = {
        client,
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

/** CPU time of a client that only starts and ends: the median of some runs. */
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
  const { requests, requestsPerSecond, errors } = parseWrkOutput(run.output);
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

/** A temporary folder with the servers that run in it. */
class TestBed implements AsyncDisposable {
  readonly #processes: PinnedProcess[] = [];

  private constructor(
    readonly folder: string,
    readonly transport: Transport,
    readonly connections: number,
    readonly certificate: Certificate | null,
  ) {}

  static async make(
    transport: Transport,
    connections: number,
    isTls: boolean,
  ): Promise<TestBed> {
    const folder = await Deno.makeTempDir({ prefix: "hayate-bench-" });
    // A worker that has dropped its privileges still has to reach its socket.
    await Deno.chmod(folder, 0o755);
    const certificate = isTls ? await makeCertificate(folder) : null;
    return new TestBed(folder, transport, connections, certificate);
  }

  async start(
    spec: ServerSpec,
    core: number,
    upstream: Address | null,
    certificate = this.certificate,
  ): Promise<{ server: PinnedProcess; target: Target }> {
    const path = findProgram(spec.program);
    if (path === null) throw new Error(`${spec.program} is missing`);
    const folder = `${this.folder}/${this.#processes.length}`;
    await Deno.mkdir(folder);
    const address: Address = this.transport === "unix"
      ? { kind: "unix", path: `${folder}/s` }
      : { kind: "tcp", host: "127.0.0.1", port: freePort() };
    const { connections } = this;
    const place: Place = { folder, address, upstream, certificate, connections };
    for (const [name, text] of Object.entries(spec.files?.(place) ?? {})) {
      const file = `${folder}/${name}`;
      await Deno.mkdir(file.slice(0, file.lastIndexOf("/")), { recursive: true });
      await Deno.writeTextFile(file, text);
    }
    const server = new PinnedProcess(spec.name, core, path, spec.args(place), spec.env);
    this.#processes.push(server);
    await server.untilListening(address);
    return { server, target: { address, isTls: certificate !== null } };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const process of this.#processes) await process.stop();
    await Deno.remove(this.folder, { recursive: true });
  }
}

/** Made by the library that hayate itself uses; only a TLS row needs it to be there. */
async function makeCertificate(folder: string): Promise<Certificate> {
  const { writeSelfSigned } = await import("../../mod/tls/self_signed.ts");
  const files = { certificateFile: `${folder}/cert.pem`, keyFile: `${folder}/key.pem` };
  writeSelfSigned(["localhost", "127.0.0.1"], files.certificateFile, files.keyFile);
  return files;
}

function freePort(): number {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  listener.close();
  return port;
}
