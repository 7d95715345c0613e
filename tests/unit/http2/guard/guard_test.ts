/**
 * Attacks against a server's session. Each ends it by the guard that it names, and is let through when
 * that guard is as good as off: so it is the guard that stops it.
 */
import { assertEquals } from "@std/assert";
import {
  defaultGuardRules,
  type GuardRules,
  type SessionOptions,
} from "../../../../mod/http2/mod.ts";
import {
  block,
  bytes,
  data,
  endHeaders,
  frame,
  get,
  getFields,
  int,
  padded,
  post,
  preface,
  reset,
  settings,
  Type,
  whole,
  window,
} from "../../../vectors/http2/wire.ts";
import { Recorder } from "../../../vectors/http2/recorder.ts";

interface Attack {
  readonly name: string;
  readonly reason: keyof GuardRules;
  /** What is sent before. */
  readonly before?: Uint8Array;
  /** The `i`th piece of the attack. */
  readonly piece: (i: number) => Uint8Array;
  /** Pieces that are let through. */
  readonly allowed: number;
  readonly options?: Partial<SessionOptions>;
  readonly isBlocked?: boolean;
}

const oddId = (i: number) => 2 * i + 1;
const held = bytes(post(1), settings([4, 0]));

const attacks: readonly Attack[] = [
  {
    name: "rapid reset (CVE-2023-44487)",
    reason: "resets",
    piece: (i) => bytes(post(oddId(i)), reset(oddId(i))),
    allowed: 100,
  },
  {
    name: "MadeYouReset (CVE-2025-8671): a window update of 0",
    reason: "resets",
    piece: (i) => bytes(post(oddId(i)), window(oddId(i), 0)),
    allowed: 100,
  },
  {
    name: "MadeYouReset: a window that overflows",
    reason: "resets",
    piece: (i) => bytes(post(oddId(i)), window(oddId(i), 0x7fffffff)),
    allowed: 100,
  },
  {
    name: "MadeYouReset: more DATA than content-length",
    reason: "resets",
    piece: (i) => bytes(post(oddId(i), ["content-length", "1"]), data(oddId(i), 0, "ab")),
    allowed: 100,
  },
  {
    name: "MadeYouReset: a malformed request",
    reason: "resets",
    piece: (i) => get(oddId(i), ["A", "b"]),
    allowed: 100,
  },
  {
    name: "MadeYouReset: streams above the limit",
    reason: "resets",
    piece: (i) => post(oddId(i)),
    allowed: 110,
    options: { streamsMax: 10 },
  },
  {
    name: "heads that are too large",
    reason: "resets",
    piece: (i) => get(oddId(i), ["a", "x".repeat(100)]),
    allowed: 100,
    options: { limits: { headBytesMax: 200, fieldsMax: 128, pathBytesMax: 8192 } },
  },
  {
    name: "CONTINUATION flood (CVE-2024-27316)",
    reason: "continuationsMax",
    before: frame(Type.headers, 1, 1, block(...getFields)),
    piece: () => frame(Type.continuation, 0, 1, block(["a", "b"])),
    allowed: 8,
  },
  {
    name: "empty DATA",
    reason: "emptyFrames",
    before: post(1),
    piece: () => data(1, 0, ""),
    allowed: 1000,
  },
  { name: "SETTINGS", reason: "settings", piece: () => settings(), allowed: 99 },
  {
    name: "PING",
    reason: "pings",
    piece: () => frame(Type.ping, 0, 0, "12345678"),
    allowed: 100,
  },
  {
    name: "PINGs of a peer that does not read",
    reason: "waitingAnswersMax",
    piece: () => frame(Type.ping, 0, 0, "12345678"),
    allowed: 32,
    isBlocked: true,
  },
  {
    name: "PRIORITY_UPDATE",
    reason: "priorities",
    piece: (i) => frame(Type.priorityUpdate, 0, 0, int(oddId(i), 4), "u=1"),
    allowed: 1000,
  },
  {
    name: "PRIORITY",
    reason: "priorities",
    piece: () => frame(Type.priority, 0, 1, int(0, 4), 1),
    allowed: 1000,
  },
  {
    name: "WINDOW_UPDATE of one byte",
    reason: "windowUpdates",
    piece: () => window(0, 1),
    allowed: 1000,
  },
  {
    name: "a reader that opens its window by one byte",
    reason: "tinyWindows",
    before: held,
    piece: () => window(1, 1),
    allowed: 1000,
    options: { streamsMax: 1 },
  },
  {
    name: "padding",
    reason: "paddings",
    before: post(1),
    piece: () => frame(Type.data, padded, 1, 8, "a", new Uint8Array(8)),
    allowed: 1000,
  },
  {
    name: "a table that is resized per request",
    reason: "tableSizes",
    piece: (i) => frame(Type.headers, whole, oddId(i), 0x20, block(...getFields)),
    allowed: 100,
  },
  ...[
    { name: "PING answers that were not asked for", frame: frame(Type.ping, 1, 0, "12345678") },
    { name: "SETTINGS acknowledgements", frame: frame(Type.settings, 1, 0) },
    { name: "GOAWAY", frame: frame(Type.goaway, 0, 0, "12345678") },
  ].map(({ name, frame }) => ({
    name,
    reason: "strayFrames" as const,
    piece: () => frame,
    allowed: 1000,
  })),
  {
    name: "frames of unknown types",
    reason: "strayFrames",
    piece: () => frame(77, 0, 0, "abc"),
    allowed: 1000,
  },
];

/** What a server answers, if it fails, and after how many pieces. */
function attack(row: Attack, guard: GuardRules): { pieces: number; failure: string | undefined } {
  const recorder = new Recorder({ ...row.options, guard });
  recorder.receive(bytes(preface, settings(), row.before ?? new Uint8Array(0)));
  recorder.output.isBlocked = row.isBlocked === true;
  const stream = recorder.open.get(1);
  if (row.reason === "tinyWindows") {
    recorder.respond(stream!, 200, "", false);
    recorder.send(stream!, "x".repeat(5000));
  }
  let pieces = 0;
  while (!recorder.session.isFailed && pieces < row.allowed + 50) {
    recorder.receive(row.piece(pieces));
    if (!recorder.session.isFailed) pieces++;
  }
  return { pieces, failure: recorder.events.find((event) => event.startsWith("failure")) };
}

for (const row of attacks) {
  Deno.test(`${row.name} is ended by the guard ${row.reason}`, () => {
    const failure = `failure ENHANCE_YOUR_CALM ${row.reason}`;
    assertEquals(attack(row, defaultGuardRules), { pieces: row.allowed, failure });
    const wide = { burst: 1e9, perSecond: 0 };
    const off = typeof defaultGuardRules[row.reason] === "number" ? 1e9 : wide;
    const without = attack(row, { ...defaultGuardRules, [row.reason]: off });
    assertEquals(without.pieces > row.allowed, true, "let through without the guard");
  });
}

Deno.test("a section of many frames may not be larger than twice what it may decode to", () => {
  const recorder = new Recorder();
  const piece = "x".repeat(16_384);
  recorder.receive(bytes(preface, settings(), frame(Type.headers, 1, 1, piece)));
  for (let i = 0; i < 8; i++) {
    recorder.receive(frame(Type.continuation, i === 7 ? endHeaders : 0, 1, piece));
  }
  assertEquals(recorder.events, ["failure ENHANCE_YOUR_CALM listBytes"]);
});

Deno.test("resets are allowed again with time: 100, then 33 a second", () => {
  const recorder = new Recorder();
  recorder.receive(bytes(preface, settings()));
  let id = 1;
  const resets = (count: number) => {
    for (let i = 0; i < count; i++, id += 2) recorder.receive(bytes(post(id), reset(id)));
    return recorder.session.isFailed;
  };
  assertEquals(resets(100), false);
  recorder.nowMs = 1000;
  assertEquals(resets(33), false);
  recorder.nowMs = 11_000;
  assertEquals(resets(100), false);
  assertEquals(resets(1), true);
});

Deno.test("window updates that DATA of ours explains are not counted", () => {
  const recorder = new Recorder();
  recorder.receive(bytes(preface, settings()));
  for (let i = 0; i < 5000; i++) {
    recorder.receive(bytes(get(oddId(i)), window(0, 2), window(0, 1)));
  }
  assertEquals(recorder.session.isFailed, false);
});

Deno.test("GOAWAY is written once, and nothing is read after it", () => {
  const recorder = new Recorder();
  recorder.receive(bytes(preface, settings(), window(0, 0), window(0, 0), get(1)));
  recorder.receive(get(3));
  const goaways = recorder.output.frames().filter((text) => text.startsWith("GOAWAY"));
  assertEquals(goaways, ["GOAWAY 0 0 PROTOCOL_ERROR"]);
  assertEquals(recorder.events, ["failure PROTOCOL_ERROR protocol"]);
});

Deno.test("tiny windows between large ones are normal", () => {
  const recorder = new Recorder({ answers: false });
  recorder.receive(bytes(preface, settings([4, 0]), get(1), window(0, 1e9)));
  const stream = recorder.open.get(1)!;
  recorder.respond(stream, 200, "", false);
  recorder.send(stream, new Uint8Array(20_000_000));
  for (let i = 0; i < 3000; i++) recorder.receive(bytes(window(1, 5), window(1, 5000)));
  assertEquals(recorder.session.isFailed, false);
});
