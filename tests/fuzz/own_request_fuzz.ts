/**
 * Requests of every shape to paths where the proxy starts requests of its own (error documents,
 * internal redirects). The upstream may receive only intended requests, each framed so that two
 * readers agree on its end; and each client may receive only responses to its own requests.
 */
import type { Address } from "../../mod/base/address.ts";
import { startListening } from "../support/binary.ts";
import { sleep } from "../support/child.ts";
import { freePort, tempFolder } from "../support/ports.ts";
import { latin1, RawConnection } from "../support/raw_socket.ts";
import { type SeenRequest, StrictUpstream } from "../support/strict_upstream.ts";
import type { Backend, LiveReport } from "./live_run.ts";
import type { Random } from "./random.ts";

const page = "/errors/page.html";

/** Request paths, and the path that the upstream may see; `ID` is the request's number. */
const paths: readonly (readonly [path: string, seen: string | null, keeps: boolean])[] = [
  ["/up/ID", "/up/ID", true],
  ["/buffered/up/ID", "/up/ID", true],
  ["/deny/404/ID", "/deny/404/ID", true],
  ["/deny/500/ID", "/deny/500/ID", true],
  ["/kept/ID", "/new/ID", true],
  ["/moved/ID", "/new/ID", false],
  ["/keptdeny/ID", "/deny/404/ID", true],
  ["/files/none/ID", null, true],
  ["/files/there.txt?ID", null, true],
  ["/nowhere/ID", null, true],
  ["/dead/ID", null, true],
  ["/bad/%00/ID", null, true],
  ["/loop/ID", null, true],
];

const methods = [
  "GET",
  "GET",
  "POST",
  "POST",
  "PUT",
  "DELETE",
  "HEAD",
  "OPTIONS",
  "PATCH",
  "TRACE",
];

/** What a reader out of sync would parse as a request, or as the end of a body. */
const pieces = [
  "GET /smuggled HTTP/1.1\r\nHost: evil\r\nX: ",
  "POST /smuggled HTTP/1.1\r\nHost: evil\r\nContent-Length: 100\r\n\r\n",
  "0\r\n\r\n",
  "\r\n\r\n",
  "5\r\nhello\r\n",
  "Content-Length: 10\r\n",
  "a",
  "x".repeat(700),
  "y".repeat(70_000),
];

/** One request of a client, and how the upstream may see it. */
interface Meant {
  readonly bytes: string;
  readonly seen: string | null;
  readonly method: string;
  readonly body: string;
}

function makeRequest(random: Random, id: number): Meant {
  const [path, seen, keeps] = random.pick(paths);
  const method = random.pick(methods);
  const mark = `id${id}z`;
  const count = random.below(4);
  // Long pieces are rare: they cost time and add no cases.
  const most = random.oneIn(12) ? pieces.length : pieces.length - 1;
  const body = Array.from({ length: count }, () => pieces[random.below(most)]).join("");
  const head = `${method} ${path.replace("ID", mark)} HTTP/1.1\r\nHost: h\r\n` +
    (random.oneIn(4) ? "Connection: close\r\n" : "") +
    (random.oneIn(5) ? "Connection: Content-Length, X-A\r\n" : "");
  const framed = frame(random, body);
  const sent = framed.startsWith("\r\n") ? "" : body;
  return {
    bytes: head + framed,
    seen: seen?.replace("ID", mark) ?? null,
    method: keeps ? method : method === "HEAD" ? "HEAD" : "GET",
    body: keeps ? sent : "",
  };
}

/** The rest of the head and the body as sent. */
function frame(random: Random, body: string): string {
  const expect = random.oneIn(5) ? "Expect: 100-continue\r\n" : "";
  switch (random.below(4)) {
    case 0:
      return "\r\n";
    case 1:
      return `${expect}Content-Length: ${body.length}\r\n\r\n${body}`;
    default: {
      const cuts = [0, ...random.cuts(body.length, 3), body.length];
      let chunks = "";
      for (let i = 1; i < cuts.length; i++) {
        const piece = body.slice(cuts[i - 1], cuts[i]);
        if (piece !== "") chunks += `${piece.length.toString(16)}\r\n${piece}\r\n`;
      }
      const trailer = random.oneIn(3) ? "X-T: 1\r\n" : "";
      return `${expect}Transfer-Encoding: chunked\r\n\r\n${chunks}0\r\n${trailer}\r\n`;
    }
  }
}

/** Requests remembered at most: they may still be in flight. */
const rememberedMax = 5000;

/** Opens connections to a proxy and checks both of its sides. */
export class OwnRequestFuzzer {
  readonly #random: Random;
  readonly #address: Address;
  readonly #upstream: StrictUpstream;
  readonly #meant = new Map<string, Meant>();
  #lastId = 0;

  constructor(random: Random, address: Address, upstream: StrictUpstream) {
    this.#random = random;
    this.#address = address;
    this.#upstream = upstream;
  }

  /** Runs `count` connections at the same time. Throws on the first fault. */
  async round(count: number): Promise<void> {
    // On a busy machine a request may reach the upstream long after its client has disconnected.
    for (const seen of this.#meant.keys()) {
      if (this.#meant.size <= rememberedMax) break;
      this.#meant.delete(seen);
    }
    this.#upstream.requests.length = 0;
    const random = this.#random;
    // Chosen before the first await, so that the seed determines everything.
    const plays = Array.from({ length: count }, () => {
      const firstId = this.#lastId + 1;
      const requests = Array.from({ length: 1 + random.below(4) }, () => {
        const request = makeRequest(random, ++this.#lastId);
        if (request.seen !== null) this.#meant.set(request.seen, request);
        return request.bytes;
      });
      const bytes = requests.join("");
      const cuts = random.oneIn(2) ? random.cuts(bytes.length, 3) : [];
      // Some clients disconnect in the middle.
      const length = random.oneIn(6) ? random.below(bytes.length) : bytes.length;
      return { bytes: bytes.slice(0, length), cuts, firstId, lastId: this.#lastId };
    });
    await Promise.all(plays.map((play) => this.#play(play)));
    for (const request of this.#upstream.requests) this.#judge(request);
    if (this.#upstream.faults.length > 0) {
      throw new Error(`the upstream saw what is no request: ${this.#upstream.faults[0]}`);
    }
  }

  async #play(
    { bytes, cuts, firstId, lastId }: {
      readonly bytes: string;
      readonly cuts: readonly number[];
      readonly firstId: number;
      readonly lastId: number;
    },
  ): Promise<void> {
    using client = await RawConnection.open(this.#address);
    const borders = [0, ...cuts.filter((cut) => cut < bytes.length), bytes.length];
    for (let i = 1; i < borders.length; i++) {
      // Already closed, after a response that ended the connection.
      await client.send(bytes.slice(borders[i - 1], borders[i])).catch(() => null);
      if (i + 1 < borders.length) await sleep(2);
    }
    const answers = latin1(await client.readAll({ idleMs: 60 }));
    for (const [, digits] of answers.matchAll(/id(\d+)z/g)) {
      const id = Number(digits);
      if (id < firstId || id > lastId) {
        throw new Error(`a client that sent ${firstId} to ${lastId} got the answer to ${id}`);
      }
    }
    if (answers.includes("smuggled")) {
      throw new Error(`a client got a response to no request: ${answers}`);
    }
  }

  #judge({ method, target, body, head }: SeenRequest): void {
    if (target === page) {
      const isBare = body === "" && !/^(content-length|transfer-encoding|expect):/im.test(head);
      if (isBare && (method === "GET" || method === "HEAD")) return;
      throw new Error(`a document was asked for with ${JSON.stringify(head + body)}`);
    }
    const meant = this.#meant.get(target);
    if (meant === undefined || meant.method !== method || meant.body !== body) {
      throw new Error(
        `the upstream saw ${JSON.stringify(`${method} ${target} ${body}`)}, meant was ${
          JSON.stringify(meant ?? null)
        }`,
      );
    }
  }
}

function configOf(port: number, upstreamPort: number): string {
  return `listen: {port: ${port}, host: 127.0.0.1}
error-doc: {status: [400, 403, 404, 405, 500, 502], url: ${page}}
hosts:
  default:
    paths:
      /: {proxy.reverse.url: "http://127.0.0.1:${upstreamPort}/"}
      /buffered: {proxy.reverse.url: "http://buffered/"}
      /files: {file.dir: DIR}
      /dead: {proxy.reverse.url: "http://127.0.0.1:1/"}
      /kept: {redirect: {url: /new/, internal: ON, status: 307}}
      /keptdeny: {redirect: {url: /deny/404/, internal: ON, status: 308}}
      /moved: {redirect: {url: /new/, internal: ON}}
      /nowhere: {redirect: {url: /files/none/, internal: ON, status: 307}}
      /loop: {redirect: {url: /loop/, internal: ON, status: 307}}
upstreams:
  buffered:
    servers: ["127.0.0.1:${upstreamPort}"]
    request_buffer: memory=16k
`;
}

/** Runs `play` against the built `hayate proxy`, whose log must report no framing fault. */
export async function withOwnRequestFuzzer(
  backend: Backend,
  random: Random,
  play: (fuzzer: OwnRequestFuzzer) => Promise<void>,
): Promise<void> {
  await using upstream = StrictUpstream.start(({ method, target }) => {
    const status = /^\/deny\/(\d+)/.exec(target)?.[1] ?? "200";
    const text = `${method} ${target}`;
    // A response to HEAD has no body (RFC 9110 section 9.3.2).
    return `HTTP/1.1 ${status} Whatever\r\nContent-Length: ${text.length}\r\n\r\n${
      method === "HEAD" ? "" : text
    }`;
  });
  await using folder = await tempFolder();
  await folder.write("there.txt", "there");
  const address: Address = { kind: "tcp", host: "127.0.0.1", port: freePort() };
  const text = configOf(address.port, upstream.port).replaceAll("DIR", folder.path);
  const config = await folder.write("h2o.conf", text);
  const env = { HAYATE_REACTOR: backend };
  await using child = await startListening(["proxy", "-c", config], address, { env });
  await play(new OwnRequestFuzzer(random, address, upstream));
  if (child.hasEnded) throw new Error(`the proxy has ended: ${child.stderr}`);
  if (child.stderr.includes("announced")) throw new Error(`framed wrongly: ${child.stderr}`);
}

const connectionsPerRound = 24;

/** Runs for a limited time, for scripts/fuzz. */
export async function fuzzOwnRequests(
  backend: Backend,
  random: Random,
  seconds: number,
): Promise<LiveReport> {
  let streams = 0;
  await withOwnRequestFuzzer(backend, random, async (fuzzer) => {
    const deadline = performance.now() + seconds * 1000;
    for (; performance.now() < deadline; streams += connectionsPerRound) {
      await fuzzer.round(connectionsPerRound);
    }
  });
  return { streams, grownBytes: 0 };
}
