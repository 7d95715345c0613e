/** Timed runs of `LiveFuzzer` against our servers, which also check their memory. */
import { type Address, formatAddress } from "../../mod/base/address.ts";
import { startListening } from "../support/binary.ts";
import { sleep } from "../support/child.ts";
import { EchoServer } from "../support/echo_server.ts";
import { freePort, tempFolder } from "../support/ports.ts";
import { LiveFuzzer, type ServerKind } from "./live_fuzz.ts";
import { Random } from "./random.ts";

const streamsPerRound = 64;
/** Rounds until buffers and compiled code have reached their size. */
const warmUpRounds = 10;
/**
 * Resident memory that a server may gain after the warm-up. The portable reactor levels off about
 * 100 MB higher with hundreds of new connections a second: read buffers not yet collected.
 */
const growthBytesMax = 160 * 1024 * 1024;

export type Backend = "portable" | "epoll";

/** Summary of a run, for one line of the report. */
export interface LiveReport {
  readonly streams: number;
  readonly grownBytes: number;
}

/** The server in this process: checks every byte of the responses. Throws on the first fault. */
export async function fuzzEcho(
  backend: Backend,
  seed: number,
  seconds: number,
): Promise<LiveReport> {
  await using server = await EchoServer.start(backend);
  const report = await run(server.address, "echo", seed, seconds, Deno.pid);
  for (let i = 0; i < 500 && server.server.connectionCount > 0; i++) await sleep(10);
  const { connectionCount } = server.server;
  if (connectionCount > 0) throw new Error(`${connectionCount} connections leaked`);
  return report;
}

/** The built `hayate serve --text`: checks outcomes, that it keeps running, and its memory. */
export async function fuzzText(
  backend: Backend,
  seed: number,
  seconds: number,
): Promise<LiveReport> {
  return await fuzzServe(["--text", "hello"], backend, seed, seconds);
}

/** Reads all of the content, URL and fields before it answers. */
const app = `export default {
  async fetch(request) {
    const content = await request.text();
    return new Response(request.method + request.url + [...request.headers].length + content);
  },
};
`;

/** The built `hayate serve APP.js`: also checks that no fault of the app is logged. */
export async function fuzzApp(
  backend: Backend,
  seed: number,
  seconds: number,
): Promise<LiveReport> {
  await using folder = await tempFolder();
  return await fuzzServe([await folder.write("app.js", app)], backend, seed, seconds);
}

async function fuzzServe(
  what: readonly string[],
  backend: Backend,
  seed: number,
  seconds: number,
): Promise<LiveReport> {
  const address: Address = { kind: "tcp", host: "127.0.0.1", port: freePort() };
  const args = ["serve", "--host", "127.0.0.1", "--port", String(address.port), ...what];
  await using child = await startListening(args, address, { env: { HAYATE_REACTOR: backend } });
  const report = await run(address, "text", seed, seconds, child.pid);
  if (child.hasEnded) throw new Error(`the server has ended: ${child.stderr}`);
  if (child.stderr.includes("app failed")) throw new Error(`the app failed: ${child.stderr}`);
  return report;
}

/** The built `hayate proxy` in front of the echo server. */
export async function fuzzProxy(
  backend: Backend,
  seed: number,
  seconds: number,
): Promise<LiveReport> {
  await using upstream = await EchoServer.start("epoll");
  await using folder = await tempFolder();
  const address: Address = { kind: "tcp", host: "127.0.0.1", port: freePort() };
  const config = await folder.write(
    "h2o.conf",
    `listen:
  host: 127.0.0.1
  port: ${address.port}
hosts:
  default:
    paths:
      /:
        proxy.reverse.url: http://${formatAddress(upstream.address)}/
`,
  );
  const environment = { HAYATE_REACTOR: backend };
  await using child = await startListening(["proxy", "-c", config], address, { env: environment });
  const report = await run(address, "proxy", seed, seconds, child.pid);
  if (child.hasEnded) throw new Error(`the proxy has ended: ${child.stderr}`);
  return report;
}

async function run(
  address: Address,
  kind: ServerKind,
  seed: number,
  seconds: number,
  pid: number,
): Promise<LiveReport> {
  const fuzzer = new LiveFuzzer(new Random(seed), address, kind);
  for (let round = 0; round < warmUpRounds; round++) await fuzzer.round(streamsPerRound);
  const before = residentBytes(pid);
  const deadline = performance.now() + seconds * 1000;
  let rounds = warmUpRounds;
  for (; performance.now() < deadline; rounds++) await fuzzer.round(streamsPerRound);
  const grownBytes = residentBytes(pid) - before;
  // Our own process also holds the fuzzer's corpus and transcripts.
  if (pid !== Deno.pid && grownBytes > growthBytesMax) {
    throw new Error(`the server's resident memory has grown by ${grownBytes} bytes`);
  }
  return { streams: rounds * streamsPerRound, grownBytes };
}

/** VmRSS from proc(5), in bytes. */
function residentBytes(pid: number): number {
  const match = /^VmRSS:\s+(\d+) kB$/m.exec(Deno.readTextFileSync(`/proc/${pid}/status`));
  return match === null ? 0 : Number(match[1]) * 1024;
}
