/** `scripts/load-truth`: runs the cases, prints known values beside measured ones; see `usage`. */
import type { ReportJson, RunJson } from "../../mod/load/report/json/report_json.ts";
import { writeSelfSigned } from "../../mod/tls/self_signed.ts";
import { binaryPath, runHayate } from "../../tests/support/binary.ts";
import { tempFolder } from "../../tests/support/ports.ts";
import { cases, type Extent, type TruthCase } from "./cases.ts";
import { judge, renderCase, type Verdict } from "./figures.ts";
import { isHttp2, isSecure, type Protocol, protocols, TruthServer } from "./server.ts";

const usage = `usage: scripts/load-truth [--short] [--only TEXT]...

Loads a server whose delays, statuses, sizes, failures and pauses are known, and prints what is known
beside what dist/hayate load has measured. Exit 1 when a figure is off by more than its line allows:
counts and bytes by nothing, a time by a bucket of the histogram and 1 ms for the way from one event
loop to the other, a longest time by 20 ms, a rate by 1 %.

  --short      a tenth of the requests, a sixth of the time; times are lower bounds, so that a busy
               machine does not matter
  --only TEXT  cases whose name, or whose protocol, contains TEXT

cases:
${cases.map(({ name, about }) => `  ${name.padEnd(9)} ${about}`).join("\n")}`;

const full: Extent = { requests: (count) => count, seconds: (count) => count };
const short: Extent = {
  requests: (count) => Math.ceil(count / 10),
  seconds: (count) => count / 6,
};

interface Options {
  readonly isShort: boolean;
  readonly only: readonly string[];
}

/** null: invalid arguments. */
function readOptions(argv: readonly string[]): Options | null {
  const only: string[] = [];
  let isShort = false;
  for (let index = 0; index < argv.length; index++) {
    if (argv[index] === "--short") isShort = true;
    else if (argv[index] === "--only" && index + 1 < argv.length) only.push(argv[++index]);
    else return null;
  }
  return { isShort, only };
}

async function main(argv: readonly string[]): Promise<number> {
  if (argv.includes("--help")) {
    console.log(usage);
    return 0;
  }
  const options = readOptions(argv);
  if (options === null) {
    console.error(`load-truth: cannot understand ${argv.join(" ")}\n${usage}`);
    return 2;
  }
  const isWanted = (name: string, protocol: Protocol) =>
    options.only.every((text) => name.includes(text) || protocol.includes(text));
  const wanted = cases.flatMap((each) =>
    protocols.filter((protocol) => each.runsWith(protocol) && isWanted(each.name, protocol))
      .map((protocol) => [each, protocol] as const)
  );
  if (wanted.length === 0) {
    console.error(`load-truth: no case matches ${options.only.join(" ")}`);
    return 2;
  }
  return await runAll(wanted, options.isShort);
}

async function runAll(
  wanted: readonly (readonly [TruthCase, Protocol])[],
  isShort: boolean,
): Promise<number> {
  await using folder = await tempFolder();
  const files = [`${folder.path}/c.pem`, `${folder.path}/k.pem`] as const;
  writeSelfSigned(["localhost", "127.0.0.1"], ...files);
  const server = await TruthServer.start(...files);
  const all: Verdict[] = [];
  for (const [each, protocol] of wanted) {
    const verdicts = await runCase(server, each, protocol, isShort);
    console.log(renderCase(`${each.name}, ${protocol}`, verdicts));
    all.push(...verdicts);
  }
  await server.close();
  const off = all.filter(({ holds }) => !holds);
  console.log(`load-truth: ${all.length - off.length} of ${all.length} figures hold`);
  if (off.length > 0 && off.every(({ tolerance }) => tolerance.kind !== "exact")) explainNoise();
  return off.length === 0 ? 0 : 1;
}

/** Only times and rates are off: says so when that is the machine's doing. */
function explainNoise(): void {
  const [runnable] = Deno.loadavg();
  const cpus = navigator.hardwareConcurrency;
  // The server and load keep less than one CPU busy.
  if (runnable <= cpus) return;
  console.log(
    `load-truth: other programs use this machine (load average ${runnable.toFixed(1)}, ` +
      `${cpus} CPUs): all counts hold, times need an idle one, or --short`,
  );
}

async function runCase(
  server: TruthServer,
  each: TruthCase,
  protocol: Protocol,
  isShort: boolean,
): Promise<Verdict[]> {
  const prepared = each.prepare(protocol, isShort ? short : full);
  server.begin(prepared.behaviour, prepared.handshakeDelayMs);
  const run = await measure([
    ...prepared.flags,
    ...(isHttp2(protocol) ? ["--http2"] : []),
    ...(isSecure(protocol) ? ["--insecure"] : []),
    server.url(protocol),
  ]);
  return prepared.figures(run, server.records).map((figure) => judge(figure, isShort));
}

/** Throws when load says anything but its report. */
async function measure(flags: readonly string[]): Promise<RunJson> {
  const { code, stdout, stderr } = await runHayate(["load", "--json", "-", ...flags]);
  if (code !== 0 || stderr !== "") {
    throw new Error(`${binaryPath} load ${flags.join(" ")}: exit ${code}: ${stderr}`);
  }
  return (JSON.parse(stdout) as ReportJson).runs[0];
}

try {
  Deno.exit(await main(Deno.args));
} catch (error) {
  console.error(`load-truth: ${(error as Error).message}`);
  Deno.exit(1);
}
