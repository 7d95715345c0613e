/**
 * Attacks on the built program over HTTP/2, each with the name of its guard in the log, while a
 * neighbour is answered and memory stays bounded.
 */
import { assertEquals } from "@std/assert";
import { type Child, sleep } from "../../support/binary.ts";
import type { Http2Door } from "../../support/http2_connect.ts";
import { starts } from "../../support/http2_servers.ts";
import { type Http2Wire, request } from "../../support/http2_wire.ts";
import {
  block,
  bytes,
  data,
  frame,
  get,
  getFields,
  int,
  padded,
  post,
  reset,
  settings,
  Type,
  whole,
  window,
} from "../../vectors/http2/wire.ts";

/** Answers at once, with a large body, or never. */
const app = `const big = new Uint8Array(1 << 20);
export default {
  async fetch(request) {
    const { pathname } = new URL(request.url);
    if (pathname === "/big") return new Response(big);
    if (pathname === "/later") await new Promise(() => {});
    return new Response("ok");
  },
};
`;

/** Connections that attack at the same time, so that unbounded memory would show. */
const attackers = 8;
const mib = 2 ** 20;
/** What the process may grow by in one test: their sessions, warm code, and a heap not yet collected. */
const growthMax = 96 * mib;

interface Attack {
  readonly name: string;
  /** The limit, as the log and the help name it. */
  readonly guard: string;
  readonly settings?: readonly (readonly [id: number, value: number])[];
  /** Sent in one piece. */
  readonly input: () => Uint8Array;
  /** Sent after each DATA frame. */
  readonly paced?: Uint8Array;
  /** GOAWAY's code where it is another one. */
  readonly code?: string;
}

const initialWindow = 4;
const each = (count: number, make: (i: number) => Uint8Array) =>
  bytes(...Array.from({ length: count }, (_, i) => make(i)));

const attacks: readonly Attack[] = [
  {
    name: "rapid reset (CVE-2023-44487)",
    guard: "resets",
    input: () =>
      each(300, (i) => bytes(request(2 * i + 1, "GET", "/later", whole), reset(2 * i + 1))),
  },
  {
    name: "MadeYouReset by windows (CVE-2025-8671)",
    guard: "resets",
    input: () =>
      each(300, (i) => bytes(request(2 * i + 1, "GET", "/later", whole), window(2 * i + 1, 0))),
  },
  {
    name: "MadeYouReset by a window that overflows",
    guard: "resets",
    input: () =>
      each(
        300,
        (i) => bytes(request(2 * i + 1, "GET", "/later", whole), window(2 * i + 1, 0x7fffffff)),
      ),
  },
  {
    name: "MadeYouReset by DATA on a half-closed stream",
    guard: "resets",
    input: () =>
      each(300, (i) => bytes(request(2 * i + 1, "GET", "/later", whole), data(2 * i + 1, 0, "a"))),
  },
  {
    name: "MadeYouReset by content-length",
    guard: "resets",
    input: () =>
      each(300, (i) => bytes(post(2 * i + 1, ["content-length", "1"]), data(2 * i + 1, 0, "abc"))),
  },
  {
    name: "MadeYouReset by heads",
    guard: "resets",
    input: () => each(300, (i) => get(2 * i + 1, ["connection", "close"])),
  },
  {
    name: "CONTINUATION flood (CVE-2024-27316)",
    guard: "continuationsMax",
    input: () =>
      bytes(
        frame(Type.headers, 0, 1, block(...getFields)),
        each(5000, () => frame(Type.continuation, 0, 1, block(["a", "b".repeat(100)]))),
      ),
  },
  {
    name: "empty CONTINUATION flood",
    guard: "continuationsMax",
    input: () =>
      bytes(
        frame(Type.headers, 0, 1, block(...getFields)),
        each(5000, () => frame(Type.continuation, 0, 1)),
      ),
  },
  {
    name: "HPACK bomb: one entry of 4 kB, referenced by one byte each",
    guard: "listBytes",
    input: () =>
      frame(
        Type.headers,
        whole,
        1,
        block(...getFields),
        0x40,
        1,
        "a",
        0x7f,
        0xa1,
        0x1e,
        "b".repeat(4000),
        new Uint8Array(8000).fill(0xbe),
      ),
  },
  {
    name: "field-count bomb: short entries",
    guard: "listBytes",
    input: () =>
      frame(Type.headers, whole, 1, block(...getFields), new Uint8Array(16_000).fill(0x90)),
  },
  {
    name: "field-count bomb: cookie crumbs",
    guard: "listBytes",
    input: () =>
      frame(Type.headers, whole, 1, block(...getFields), new Uint8Array(16_000).fill(0xa0)),
  },
  { name: "SETTINGS flood", guard: "settings", input: () => each(3000, () => settings()) },
  {
    name: "SETTINGS flood that resizes windows",
    guard: "settings",
    input: () => each(3000, (i) => settings([initialWindow, i])),
  },
  {
    name: "PING flood",
    guard: "pings",
    input: () => each(3000, () => frame(Type.ping, 0, 0, int(0, 8))),
  },
  {
    name: "empty DATA flood",
    guard: "emptyFrames",
    input: () => bytes(post(1), each(5000, () => data(1, 0, ""))),
  },
  {
    name: "PRIORITY_UPDATE flood",
    guard: "priorities",
    input: () => each(5000, (i) => frame(Type.priorityUpdate, 0, 0, int(2 * i + 1, 4), "u=1")),
  },
  {
    name: "PRIORITY flood",
    guard: "priorities",
    input: () => each(5000, (i) => frame(Type.priority, 0, 2 * i + 1, int(0, 4), 9)),
  },
  {
    name: "WINDOW_UPDATE flood",
    guard: "windowUpdates",
    input: () => each(5000, () => window(0, 1)),
  },
  {
    name: "one-byte windows",
    guard: "tinyWindows",
    settings: [[initialWindow, 1]],
    input: () => request(1, "GET", "/big", whole),
    paced: window(1, 1),
  },
  {
    name: "a window that overflows",
    guard: "FLOW_CONTROL_ERROR",
    code: "FLOW_CONTROL_ERROR",
    input: () => window(0, 0x7fffffff),
  },
  {
    name: "table sizes in every request",
    guard: "tableSizes",
    input: () =>
      each(
        500,
        (i) => frame(Type.headers, whole, 2 * i + 1, 0x20, 0x3f, 0xe1, 0x1f, block(...getFields)),
      ),
  },
  {
    name: "padding flood",
    guard: "paddings",
    input: () =>
      bytes(post(1), each(5000, () => frame(Type.data, padded, 1, 200, "a", new Uint8Array(200)))),
  },
  {
    name: "frames of unknown types",
    guard: "strayFrames",
    input: () => each(5000, () => frame(99, 0, 0, "abc")),
  },
  {
    name: "acknowledgements of nothing",
    guard: "strayFrames",
    input: () => each(5000, () => frame(Type.ping, 1, 0, int(0, 8))),
  },
];

for (const [i, transport] of ["h2c", "TLS"].entries()) {
  Deno.test(`${attacks.length} attacks end their connections, and disturb no other (${transport})`, async () => {
    const complaints: string[] = [];
    // At the same time, because the log has one such line a second.
    await Promise.all(starts.map(async ([mode, start]) => {
      await using servers = await start({ app });
      const child = servers.children[i] ?? servers.children[0];
      const found = await attackAll(servers.doors[i], child);
      complaints.push(...found.map((text) => `${mode}: ${text}`));
    }));
    assertEquals(complaints, []);
  });
}

async function attackAll(door: Http2Door, child: Child): Promise<string[]> {
  const complaints: string[] = [];
  await using neighbour = await Neighbour.of(door);
  await attack(door, child, attacks[0]);
  const before = memoryOf(child);
  for (const each of attacks) {
    const answered = neighbour.answered;
    const complaint = await attack(door, child, each).catch(String);
    if (complaint !== "") complaints.push(`${each.name}: ${complaint}`);
    if (neighbour.answered === answered) {
      complaints.push(`${each.name}: a neighbour waits ${neighbour.complaint}`.trimEnd());
    }
  }
  const growth = memoryOf(child) - before;
  if (growth > growthMax) complaints.push(`memory has grown by ${Math.round(growth / mib)} MiB`);
  return complaints;
}

/** Attacks by many connections. What is wrong with their ends or with the log; empty: nothing. */
async function attack(door: Http2Door, child: Child, one: Attack): Promise<string> {
  const logged = child.stderr.length;
  const wanted = one.code ?? "ENHANCE_YOUR_CALM";
  const flood = one.input();
  const codes = await Promise.all(Array.from({ length: attackers }, () => end(door, one, flood)));
  const others = codes.filter((code) => code !== wanted);
  if (others.length > 0) return `ended by ${others.join(", ")}`;
  const line = `HTTP/2 connection ended: ${wanted}${
    one.code === undefined ? ` (${one.guard})` : ""
  }`;
  await child.waitUntil(`the line ${line}`, async () => {
    if (child.stderr.slice(logged).includes(line)) return true;
    await sleep(200);
    await end(door, one, flood);
    return null;
  });
  return "";
}

/** Sends the flood on a connection of its own. The code of the GOAWAY. */
async function end(
  door: Http2Door,
  { settings, paced }: Attack,
  flood: Uint8Array,
): Promise<string> {
  using wire = await door.open(...settings ?? []);
  // The server may close before it has read everything.
  await wire.send(flood).catch(() => undefined);
  while (true) {
    const { name, text } = await wire.next();
    if (name === "GOAWAY") return text.split(" ")[1];
    if (name === "DATA" && paced !== undefined) await wire.send(paced).catch(() => undefined);
  }
}

/** A client that asks all the time, on one connection. */
class Neighbour implements AsyncDisposable {
  #isLeaving = false;
  #answered = 0;
  /** Why it stopped; empty: it did not. */
  complaint = "";
  readonly #asking: Promise<void>;

  constructor(wire: Http2Wire) {
    this.#asking = this.#ask(wire).catch((error) => void (this.complaint = String(error)));
  }

  static async of(door: Http2Door): Promise<Neighbour> {
    return new Neighbour(await door.open());
  }

  async #ask(wire: Http2Wire): Promise<void> {
    using _ = wire;
    for (let id = 1; !this.#isLeaving; id += 2) {
      await wire.get(id, "/");
      const { body, end } = await wire.response(id);
      if (body !== "ok" || end !== "END") throw new Error(`Cannot be answered: ${body} ${end}`);
      this.#answered++;
      await sleep(2);
    }
  }

  /** How often it was answered. */
  get answered(): number {
    return this.#answered;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isLeaving = true;
    await this.#asking;
  }
}

function memoryOf({ pid }: Child): number {
  const status = Deno.readTextFileSync(`/proc/${pid}/status`);
  return 1024 * Number(/^VmRSS:\s*(\d+)/m.exec(status)?.[1]);
}
