/** Experiment 1: what a unix socket saves compared with TCP, with and without keep-alive. */
import type { Place, ServerSpec, Target, Transport } from "../benchmarks/comparison.ts";
import { hayateApp } from "../benchmarks/contenders/hayate.ts";
import { nginxReturn } from "../benchmarks/contenders/nginx.ts";
import { unicorn } from "../benchmarks/contenders/unicorn.ts";
import { wrk } from "../benchmarks/contenders/wrk.ts";
import { PinnedProcess, runPinned } from "../benchmarks/processes.ts";
import { findProgram, versionOf } from "../benchmarks/programs.ts";
import { summarize } from "../benchmarks/statistics.ts";
import { parseWrkOutput } from "../benchmarks/wrk_output.ts";
import { freePort } from "../../tests/support/ports.ts";
import { type Experiment, type Lab, type LoadRun, readLoadReport } from "./lab.ts";
import { judged, type Row } from "./report.ts";

const [serverCore, clientCore] = [0, 1];
const connections = 50;
/** Contenders alternate, so that a noisy moment does not affect all rounds of one. */
const rounds = 3;
const wrkRounds = 3;
const seconds = 1;

/** A chunked body, as Rack's own middleware makes of any body. */
const unicornChunked: ServerSpec = {
  ...unicorn,
  name: "unicorn chunked",
  files: (place) => ({
    ...unicorn.files!(place),
    "config.ru": "require 'rack'\nuse Rack::Chunked\n" +
      "run ->(env) { [200, {'content-type' => 'text/plain'}, [\"hello world\\n\"]] }\n",
  }),
};

interface Contender {
  readonly spec: ServerSpec;
  readonly keepsAlive: boolean;
  /** The original's requests per second, one connection per request, 16 cores. */
  readonly original: { readonly tcp: number; readonly unix: number } | null;
}

const contenders: readonly Contender[] = [
  // In place of the original's Rhebok.
  { spec: hayateApp, keepsAlive: true, original: { unix: 325_426, tcp: 67_392 } },
  { spec: unicorn, keepsAlive: false, original: { unix: 184_506, tcp: 62_455 } },
  { spec: unicornChunked, keepsAlive: false, original: { unix: 113_481, tcp: 44_659 } },
  { spec: nginxReturn, keepsAlive: true, original: null },
];

/** One server on one kind of socket with one kind of load, and the results of its rounds. */
interface Trial {
  readonly contender: Contender;
  readonly transport: Transport;
  readonly keepalive: boolean;
  readonly series: string;
  readonly server: Server;
  readonly runs: LoadRun[];
  /** The server's CPU time per request, one value per run. */
  readonly cpuUs: number[];
  /** wrk's own requests per second; empty over unix sockets, and where wrk is missing. */
  readonly wrkRates: number[];
}

export const tcpVsUnix: Experiment = {
  name: "tcp-vs-unix",
  question: "what does a unix socket save against TCP, with and without keep-alive?",
  restarts: null,
  async run(lab) {
    lab.note(
      `one core for the server, one for the client, ${connections} connections, the median of ` +
        `${rounds} rounds of ${seconds} s; the original had 16 cores, and Rhebok in hayate's place`,
    );
    const [busy] = Deno.loadavg();
    if (busy > 1) {
      lab.note(`others use this machine (load average ${busy.toFixed(1)}): too few requests/s`);
    }
    const trials: Trial[] = [];
    for (const contender of contenders) {
      const { program } = contender.spec;
      if (findProgram(program) === null) {
        lab.note(`${program} is missing: scripts/bench --install, as root`);
        continue;
      }
      if (program !== "hayate") lab.say(await versionOf(program));
      for (const transport of ["tcp", "unix"] as const) {
        trials.push(...await prepare(lab, contender, transport));
      }
    }
    const hasWrk = findProgram("wrk") !== null;
    if (!hasWrk) lab.note("wrk is missing: no figures of wrk's");
    for (let round = 1; round <= rounds; round++) {
      lab.say(`round ${round} of ${rounds}`);
      for (const trial of trials) {
        const before = trial.server.cpuUs();
        const run = await loadPinned(lab, trial, round);
        trial.runs.push(run);
        const used = trial.server.cpuUs() - before;
        trial.cpuUs.push(used / Math.max(1, run.requestsAnswered));
        if (!hasWrk || trial.transport === "unix" || round > wrkRounds) continue;
        trial.wrkRates.push(await wrkFigure(trial));
      }
    }
    for (const trial of trials) await keepMedian(lab, trial);
    lab.figures = trials.map(({ series, runs, cpuUs, wrkRates }) => ({
      series,
      serverCpuUsPerRequest: cpuUs,
      requestsPerSecond: runs.map((run) => run.requestsPerSecond),
      requestsFailed: runs.map((run) => run.requestsFailed),
      wrkRequestsPerSecond: wrkRates,
    }));
    const closing = trials.filter(({ keepalive }) => !keepalive).map(({ series }) => series);
    if (closing.length > 0) await lab.plot("Hello world, connection per request", closing);
    return rowsOf(trials);
  },
};

/** Starts the server, which is idle between its turns. */
async function prepare(lab: Lab, contender: Contender, transport: Transport): Promise<Trial[]> {
  const { spec } = contender;
  const server = lab.use(await startServer(lab, spec, transport));
  return (contender.keepsAlive ? [false, true] : [false]).map((keepalive) => ({
    contender,
    transport,
    keepalive,
    series: `${spec.name} ${transport}${keepalive ? " keep-alive" : ""}`,
    server,
    runs: [],
    cpuUs: [],
    wrkRates: [],
  }));
}

interface Server extends AsyncDisposable {
  readonly target: Target;
  /** User and system time since the start. */
  cpuUs(): number;
}

async function startServer(lab: Lab, spec: ServerSpec, transport: Transport): Promise<Server> {
  const folder = `${lab.folder}/${spec.name}-${transport}`.replaceAll(" ", "-");
  await Deno.mkdir(folder);
  const address = transport === "unix"
    ? { kind: "unix", path: `${folder}/s` } as const
    : { kind: "tcp", host: "127.0.0.1", port: freePort() } as const;
  const place: Place = { folder, address, upstream: null, certificate: null, connections };
  for (const [name, text] of Object.entries(spec.files?.(place) ?? {})) {
    await Deno.writeTextFile(`${folder}/${name}`, text);
  }
  const path = findProgram(spec.program)!;
  const process = new PinnedProcess(spec.name, serverCore, path, spec.args(place), spec.env);
  const owned: Server = {
    target: { address, isTls: false, folder },
    cpuUs: () => {
      const { userUs, systemUs } = process.cpuTime();
      return userUs + systemUs;
    },
    async [Symbol.asyncDispose]() {
      await process.stop();
    },
  };
  try {
    await process.untilListening(address);
  } catch (error) {
    await process.stop();
    throw error;
  }
  return owned;
}

async function loadPinned(lab: Lab, trial: Trial, round: number): Promise<LoadRun> {
  const { address } = trial.server.target;
  const file = await lab.seriesFile(`${trial.series}.${round}`);
  const where = address.kind === "unix"
    ? ["-P", address.path, "http://localhost/"]
    : [`http://${address.host}:${address.port}/`];
  const flags = trial.keepalive ? [] : ["--no-keepalive"];
  const args = ["load", "-c", `${connections}`, "-d", `${seconds}`, "--json", file, ...flags];
  await runPinned(clientCore, findProgram("hayate")!, [...args, ...where]);
  return await readLoadReport(file);
}

async function wrkFigure({ server, keepalive }: Trial): Promise<number> {
  const close = keepalive ? [] : ["-H", "Connection: close"];
  const args = [...close, ...wrk.args(server.target, connections, seconds)];
  const { output } = await runPinned(clientCore, findProgram("wrk")!, args);
  return parseWrkOutput(output).requestsPerSecond;
}

/** Keeps the report of the median round as the series' report; removes the others. */
async function keepMedian(lab: Lab, trial: Trial): Promise<void> {
  const middle = trial.runs.findIndex((run) => run.requestsPerSecond === medianRate(trial));
  for (let round = 1; round <= rounds; round++) {
    const file = await lab.seriesFile(`${trial.series}.${round}`);
    if (round - 1 !== middle) await Deno.remove(file);
    else await Deno.rename(file, await lab.seriesFile(trial.series));
  }
}

function medianRate({ runs }: Trial): number {
  return summarize(runs.map((run) => run.requestsPerSecond)).median;
}

/**
 * The ratios are of requests per second, as in the original. The goal is judged by the server's CPU
 * time, which a busy machine distorts less.
 */
function rowsOf(trials: readonly Trial[]): Row[] {
  const rows = trials.map(rateRow);
  const find = (name: string, transport: Transport) =>
    trials.find((each) =>
      each.contender.spec.name === name && each.transport === transport && !each.keepalive
    );
  for (const { spec, original } of contenders) {
    const [tcp, unix] = [find(spec.name, "tcp"), find(spec.name, "unix")];
    if (tcp === undefined || unix === undefined) continue;
    rows.push(judged(
      `${spec.name}: unix / TCP`,
      original === null ? "" : `${(original.unix / original.tcp).toFixed(1)} x`,
      ratioText(unix, tcp),
      medianCpu(unix) < medianCpu(tcp) || spec.program !== "hayate",
      "the unix socket costs the server more",
    ));
  }
  for (const transport of ["tcp", "unix"] as const) {
    const [ours, theirs] = [find(hayateApp.name, transport), find(unicorn.name, transport)];
    if (ours === undefined || theirs === undefined) continue;
    const then = transport === "tcp" ? 67_392 / 62_455 : 325_426 / 184_506;
    rows.push(judged(
      `hayate / Unicorn over ${transport}`,
      `${then.toFixed(1)} x (Rhebok)`,
      ratioText(ours, theirs),
      medianCpu(ours) < medianCpu(theirs),
      "Unicorn needs less CPU",
    ));
  }
  return rows;
}

function ratioText(one: Trial, other: Trial): string {
  const rate = (medianRate(one) / medianRate(other)).toFixed(1);
  return `${rate} x, by the server's CPU ${(medianCpu(other) / medianCpu(one)).toFixed(1)} x`;
}

function medianCpu({ cpuUs }: Trial): number {
  return summarize(cpuUs).median;
}

function rateRow(trial: Trial): Row {
  const { contender, transport, keepalive, runs, wrkRates } = trial;
  const failed = runs.reduce((sum, run) => sum + run.requestsFailed, 0);
  const wrkText = wrkRates.length === 0 ? "" : `, wrk says ${number(summarize(wrkRates).median)}`;
  const failedText = failed === 0 ? "" : `, ${failed} failed`;
  return judged(
    trial.series,
    contender.original === null || keepalive ? "" : number(contender.original[transport]),
    `${number(medianRate(trial))} requests/s, server ${
      medianCpu(trial).toFixed(1)
    } us each${wrkText}${failedText}`,
    // Failures of other servers on a busy machine are reported, but do not count against hayate.
    failed === 0 || contender.spec.program !== "hayate",
    `${failed} requests failed`,
  );
}

function number(value: number): string {
  return Math.round(value).toLocaleString("en");
}
