/** Fuzzes for a bounded time; see `usage`. */
import { ApiFuzzer } from "../tests/fuzz/api_fuzz.ts";
import { CodecFuzzer } from "../tests/fuzz/codec_fuzz.ts";
import { fuzzApp, fuzzEcho, fuzzProxy, fuzzText, type LiveReport } from "../tests/fuzz/live_run.ts";
import { Http2Fuzzer, SessionFuzzer } from "../tests/fuzz/http2_fuzz.ts";
import { HeaderFuzzer } from "../tests/fuzz/proxy_header_fuzz.ts";
import { fuzzOwnRequests } from "../tests/fuzz/own_request_fuzz.ts";
import { StateFuzzer } from "../tests/fuzz/state_fuzz.ts";
import { Random } from "../tests/fuzz/random.ts";
import { EventStreamFuzzer } from "../tests/fuzz/event_stream_fuzz.ts";
import { WebSocketFuzzer } from "../tests/fuzz/web_socket_fuzz.ts";

const usage = `usage: scripts/fuzz [--only PART] [--seed N] [--seconds N]

Mutates the rows of tests/vectors/http1 and throws them, in random pieces,
- codec:  at the codec: no crash, no hang, no offset out of range, the same result however a stream is
          cut, the same verdict as rules written a second time;
- http2:  mutated frames of tests/vectors/http2 at sessions, and clients and servers that talk in
          memory: no crash, the same result however a stream is cut, and nothing lost or left over;
- state:  mutated state files at the proxy's reader: a fault is named and changes nothing, and what is
          taken over is whole;
- api:    mutated bodies and paths at the proxy's API: 2xx, or 4xx with a text and nothing changed;
- header: mutated PROXY protocol headers at their parser: the same demands;
- websocket: mutated frames at their reader: the same demands;
- events: event streams at the parser of hayate load --sse: the same demands;
- live:   at a server on each reactor that echoes what it understood: each answer must be what the
          codec reads, in order, and no connection may be left over;
- text:   at dist/hayate serve --text on each reactor: sound outcomes, no growth of its memory;
- app:    the same at dist/hayate serve APP.js, whose app reads all that it can;
- proxy:  at dist/hayate proxy on each reactor, in front of the server that echoes: each answer belongs
          to its request, nothing is answered that was not asked, no growth of its memory;
- own:    bodies of every framing at paths of dist/hayate proxy where it starts a request of its own
          (error documents, internal redirects): the upstream sees only well-framed requests that
          were meant.

  --only PART   only this part, by its name above; default: all
  --seed N      begin at this seed; default: a fresh one, which is printed
  --seconds N   for each part and reactor; default 10`;

interface Options {
  readonly seed: number;
  readonly seconds: number;
}

/** Streams between two checks of the clock. */
const streamsPerTurn = 500;

const parts: Record<string, (options: Options) => void | Promise<void>> = {
  codec: fuzzCodec,
  http2: fuzzHttp2,
  header: fuzzHeader,
  websocket: fuzzWebSocket,
  events: fuzzEvents,
  state: fuzzState,
  api: fuzzApi,
  live: (options) => onEachReactor("live", options, fuzzEcho),
  text: (options) => onEachReactor("text", options, fuzzText),
  app: (options) => onEachReactor("app", options, fuzzApp),
  proxy: (options) => onEachReactor("proxy", options, fuzzProxy),
  own: (options) =>
    onEachReactor(
      "own",
      options,
      (backend, seed, seconds) => fuzzOwnRequests(backend, new Random(seed), seconds),
    ),
};

function parseArguments(args: readonly string[]): { options: Options; only: string | null } {
  let seed = Random.freshSeed();
  let seconds = 10;
  let only: string | null = null;
  for (let index = 0; index < args.length; index++) {
    const [flag, inline] = args[index].split("=", 2);
    if (flag === "--help" || flag === "-h") {
      console.log(usage);
      Deno.exit(0);
    }
    const text = inline ?? args[++index] ?? "";
    const isNumber = /^\d+$/.test(text);
    if (flag === "--only" && Object.hasOwn(parts, text)) only = text;
    else if (flag === "--seed" && isNumber) seed = Number(text);
    else if (flag === "--seconds" && isNumber) seconds = Number(text);
    else {
      console.error(`fuzz: cannot understand ${flag} ${text}\n${usage}`);
      Deno.exit(2);
    }
  }
  return { options: { seed, seconds }, only };
}

function fuzzCodec(options: Options): void {
  const fuzzer = new CodecFuzzer(new Random(options.seed));
  const count = stepFor(options.seconds, () => fuzzer.step());
  console.log(`codec: ${count} streams, ${fuzzer.corpusCount} in the corpus, no fault`);
}

function fuzzHttp2(options: Options): void {
  const frames = new Http2Fuzzer(new Random(options.seed));
  const streams = stepFor(options.seconds / 2, () => frames.step());
  const sessions = new SessionFuzzer(new Random(options.seed));
  const talks = stepFor(options.seconds / 2, () => sessions.step());
  console.log(`http2: ${streams} streams, ${talks} conversations, no fault`);
}

function fuzzHeader(options: Options): void {
  const fuzzer = new HeaderFuzzer(new Random(options.seed));
  console.log(`header: ${stepFor(options.seconds, () => fuzzer.step())} streams, no fault`);
}

function fuzzWebSocket(options: Options): void {
  const fuzzer = new WebSocketFuzzer(new Random(options.seed));
  console.log(`websocket: ${stepFor(options.seconds, () => fuzzer.step())} streams, no fault`);
}

function fuzzEvents(options: Options): void {
  const fuzzer = new EventStreamFuzzer(new Random(options.seed));
  console.log(`events: ${stepFor(options.seconds, () => fuzzer.step())} streams, no fault`);
}

function fuzzState(options: Options): void {
  const fuzzer = new StateFuzzer(new Random(options.seed));
  const count = stepFor(options.seconds, () => fuzzer.step());
  console.log(`state: ${count} files, ${fuzzer.acceptedCount} of them whole, no fault`);
}

function fuzzApi(options: Options): void {
  const fuzzer = new ApiFuzzer(new Random(options.seed));
  const count = stepFor(options.seconds, () => fuzzer.step());
  console.log(`api: ${count} requests, ${fuzzer.acceptedCount} of them accepted, no fault`);
}

/** Runs steps for the given time; returns their number. */
function stepFor(seconds: number, step: () => void): number {
  const deadline = performance.now() + seconds * 1000;
  let count = 0;
  for (; performance.now() < deadline; count += streamsPerTurn) {
    for (let i = 0; i < streamsPerTurn; i++) step();
  }
  return count;
}

async function onEachReactor(
  name: string,
  options: Options,
  fuzz: (backend: "portable" | "epoll", seed: number, seconds: number) => Promise<LiveReport>,
): Promise<void> {
  for (const backend of ["portable", "epoll"] as const) {
    const { streams, grownBytes } = await fuzz(backend, options.seed, options.seconds);
    const grown = (grownBytes / 1048576).toFixed(1);
    console.log(`${name}, ${backend}: ${streams} streams, memory ${grown} MB more, no fault`);
  }
}

const { options, only } = parseArguments(Deno.args);
console.log(`seed ${options.seed}, ${options.seconds} s each`);
try {
  for (const [name, fuzz] of Object.entries(parts)) {
    if (only === null || only === name) await fuzz(options);
  }
} catch (error) {
  console.error(`seed ${options.seed}: ${error instanceof Error ? error.message : String(error)}`);
  Deno.exit(1);
}
