/** How HTTP/2 connections end: deadlines, drain, clients that do too much. Over every backend. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import type { Exchange } from "../../mod/conn/exchange/exchange.ts";
import { defaultHttp2Options } from "../../mod/conn/exchange/http2_options.ts";
import { Framing } from "../../mod/http/message_head.ts";
import { Http2Wire, request } from "../support/http2_wire.ts";
import { block, bytes, data, frame, int, padded } from "../vectors/http2/wire.ts";
import { get, getFields, post, preface, reset, settings, Type } from "../vectors/http2/wire.ts";
import { whole, window } from "../vectors/http2/wire.ts";
import { sleep } from "../support/child.ts";
import { RawConnection } from "../support/raw_socket.ts";
import { contractTest } from "./harness.ts";
import { answer, TestServer } from "./server_harness.ts";

const pong = (payload: Uint8Array) => frame(Type.ping, 1, 0, payload);
const windowId = 4;
const lastOfAll = "2147483647 NO_ERROR";

async function until(check: () => boolean): Promise<void> {
  while (!check()) await sleep(5);
}

contractTest("a drain: GOAWAY twice, every stream that was opened is answered", async (rig) => {
  const server = new TestServer(rig);
  using wire = await Http2Wire.open(server.address);
  using idle = await Http2Wire.open(server.address);
  await wire.get(1, "/later");
  await until(() => server.open.length === 1);
  const drained = server.http.drain(20_000);
  assertEquals(await wire.goaway(), lastOfAll);
  const ping = await wire.next("PING");
  // Sent before the client knew.
  await wire.get(3, "/late");
  await wire.send(pong(ping.payload));
  assertEquals((await wire.response(3)).body, "/late");
  assertEquals(await wire.goaway(), "3 NO_ERROR");
  await wire.get(5, "/too-late");
  answer(server.open[0].exchange, "done");
  assertEquals((await wire.response(1)).body, "done");
  assert(await wire.raw.waitForClose());
  assertEquals(await idle.goaway(), lastOfAll);
  await idle.send(pong((await idle.next("PING")).payload));
  assertEquals(await idle.goaway(), "0 NO_ERROR");
  assert(await idle.raw.waitForClose());
  wire.close();
  idle.close();
  await drained;
  assertEquals(server.http.connectionCount, 0);
});

contractTest("a drain does not wait for a client that answers no PING", async (rig) => {
  const server = new TestServer(rig);
  using wire = await Http2Wire.open(server.address);
  await wire.get(1, "/a");
  await wire.response(1);
  const drained = server.http.drain(20_000);
  assertEquals(await wire.goaway(), lastOfAll);
  assertEquals(await wire.goaway(), "1 NO_ERROR");
  assert(await wire.raw.waitForClose());
  wire.close();
  await drained;
});

contractTest("streams that do not end are cut at the end of a drain", async (rig) => {
  const http2 = { ...defaultHttp2Options, gracefulTimeoutMs: 300 };
  const server = new TestServer(rig, {}, { http2 });
  using wire = await Http2Wire.open(server.address);
  await wire.get(1, "/later");
  await until(() => server.open.length === 1);
  const drained = server.http.drain(60_000);
  assert(await wire.raw.waitForClose(5_000));
  await drained;
  assertEquals(server.aborts, ["ESHUTDOWN"]);
});

contractTest("the last request of a connection is followed by GOAWAY", async (rig) => {
  const server = new TestServer(rig, {}, { requestsMax: 2 });
  using wire = await Http2Wire.open(server.address);
  await wire.get(1, "/a");
  assertEquals((await wire.response(1)).body, "/a");
  await wire.get(3, "/b");
  assertEquals((await wire.response(3)).body, "/b");
  assertEquals(await wire.goaway(), lastOfAll);
});

contractTest("deadlines: idle, a head, a body, a window, the preface", async (rig) => {
  const server = new TestServer(rig, {
    "/big": (x) => {
      x.beginHead(200);
      x.endHead(Framing.length, 50);
      x.writeBody(new Uint8Array(50), 0, 50);
      x.endBody();
    },
  }, { idleTimeoutMs: 300, headTimeoutMs: 300, bodyTimeoutMs: 300, writeTimeoutMs: 300 });
  using idle = await Http2Wire.open(server.address);
  await idle.get(1, "/a");
  assertEquals((await idle.response(1)).body, "/a");
  assertEquals(await idle.goaway(), "1 NO_ERROR");
  assert(await idle.raw.waitForClose());
  using dripped = await Http2Wire.open(server.address);
  await dripped.send(get(1).subarray(0, 20));
  assertMatch(await dripped.goaway(), /ENHANCE_YOUR_CALM/);
  using unsettled = new Http2Wire(await RawConnection.open(server.address));
  await unsettled.send(preface);
  assertMatch(await unsettled.goaway(), /ENHANCE_YOUR_CALM/);
  using slow = await Http2Wire.open(server.address, [windowId, 0]);
  await slow.post(1, "/echo");
  await slow.get(3, "/big");
  const late = await slow.response(1);
  assertMatch(late.heads[0], /^status 408;/);
  const held = await slow.response(3);
  assertEquals([held.end, held.body], ["CANCEL", ""]);
  assertEquals(server.aborts, ["ETIMEDOUT"]);
});

contractTest("a connection is not idle while a head is on its way", async (rig) => {
  const server = new TestServer(rig, {}, { idleTimeoutMs: 100, headTimeoutMs: 500 });
  using slow = await Http2Wire.open(server.address);
  const head = get(1);
  await slow.send(head.subarray(0, 20));
  await sleep(250);
  await slow.send(head.subarray(20));
  assertMatch((await slow.next("HEADERS", 1)).text, /^status 200/);
  using stuck = await Http2Wire.open(server.address);
  await stuck.send(head.subarray(0, 20));
  assertMatch(await stuck.goaway(), /ENHANCE_YOUR_CALM/);
});

contractTest("a client that vanishes aborts its streams", async (rig) => {
  const server = new TestServer(rig);
  const wire = await Http2Wire.open(server.address);
  await wire.get(1, "/later");
  await wire.get(3, "/later");
  await until(() => server.open.length === 2);
  wire.close();
  await until(() => server.aborts.length === 2);
  assertEquals(server.http.connectionCount, 0);
});

contractTest("a slow client's output is bounded, and its requests wait", async (rig) => {
  const size = 1_000_000;
  let begun = 0;
  const waiting: Exchange[] = [];
  const server = new TestServer(rig, {
    "/big": (x) => {
      begun++;
      waiting.push(x);
      x.beginHead(200);
      x.endHead(Framing.length, 60 * size);
      while (x.writeBody(new Uint8Array(size), 0, size));
    },
  });
  using wire = await Http2Wire.open(server.address, [windowId, 0x7fffffff]);
  await wire.send(window(0, 0x7fff0000 - 65_535));
  await wire.get(1, "/big");
  await until(() => begun === 1);
  await sleep(100);
  const sent = waiting[0].bodyBytesSent;
  await sleep(100);
  assertEquals(waiting[0].bodyBytesSent, sent);
  assert(sent < 60 * size);
});

/** Frames that a client repeats, and the reason for which its connection ends. */
const floods: readonly (readonly [name: string, reason: string, input: () => Uint8Array])[] = [
  [
    "rapid reset",
    "resets",
    () => repeat(200, (i) => bytes(request(2 * i + 1, "GET", "/later", whole), reset(2 * i + 1))),
  ],
  [
    "made-you-reset by windows",
    "resets",
    () => repeat(200, (i) => bytes(post(2 * i + 1), window(2 * i + 1, 0))),
  ],
  ["CONTINUATION", "continuationsMax", () =>
    bytes(
      frame(Type.headers, 0, 1, block(...getFields)),
      repeat(12, () => frame(Type.continuation, 0, 1, block(["a", "b"]))),
    )],
  [
    "many fields",
    "listBytes",
    () =>
      frame(
        Type.headers,
        whole,
        1,
        block(...getFields),
        repeat(4000, () => bytes(0x90)),
      ),
  ],
  ["SETTINGS", "settings", () => repeat(500, () => settings())],
  ["PING", "pings", () => repeat(500, () => frame(Type.ping, 0, 0, int(0, 8)))],
  ["empty DATA", "emptyFrames", () => bytes(post(1), repeat(2000, () => data(1, 0, "")))],
  [
    "PRIORITY_UPDATE",
    "priorities",
    () => repeat(2000, () => frame(Type.priorityUpdate, 0, 0, int(1, 4), "u=1")),
  ],
  ["WINDOW_UPDATE", "windowUpdates", () => repeat(3000, () => window(0, 1))],
  [
    "padding",
    "paddings",
    () => bytes(post(1), repeat(2000, () => frame(Type.data, padded, 1, 3, "a", int(0, 3)))),
  ],
  [
    "table sizes",
    "tableSizes",
    () => repeat(300, (i) => frame(Type.headers, whole, 2 * i + 1, 0x20, block(...getFields))),
  ],
  ["a window that overflows", "FLOW_CONTROL_ERROR", () => window(0, 0x7fffffff)],
];

for (const [name, reason, input] of floods) {
  contractTest(`an attack ends its connection: ${name}`, async (rig) => {
    const server = new TestServer(rig);
    const faults: string[] = [];
    server.http.onConnectionRefused = (_connection, error) => void faults.push(error.message);
    using wire = await Http2Wire.open(server.address);
    using neighbour = await Http2Wire.open(server.address);
    await wire.send(input()).catch(() => undefined);
    const code = (await wire.goaway()).split(" ")[1];
    assertEquals(code, reason === reason.toUpperCase() ? reason : "ENHANCE_YOUR_CALM");
    assertEquals(faults.length, 1);
    if (code !== reason) assert(faults[0].endsWith(`(${reason})`), faults[0]);
    assert(await wire.raw.waitForClose());
    await neighbour.get(1, "/a");
    assertEquals((await neighbour.response(1)).body, "/a");
  });
}

contractTest("streams above the announced number are refused", async (rig) => {
  const server = new TestServer(rig);
  using wire = await Http2Wire.open(server.address);
  for (let id = 1; id <= 201; id += 2) await wire.get(id, "/later");
  assertEquals((await wire.response(201)).end, "REFUSED_STREAM");
  assertEquals(server.open.length, 100);
});

contractTest("whole bodies that wait for shut windows are bounded", async (rig) => {
  const block = new Uint8Array(1 << 20);
  const server = new TestServer(rig, {
    "/block": (exchange) => {
      exchange.beginHead(200);
      exchange.endHead(Framing.length, block.length);
      exchange.writeBody(block, 0, block.length);
      exchange.endBody();
    },
  });
  using wire = await Http2Wire.open(server.address, [windowId, 0]);
  for (let id = 1; id < 80; id += 2) await wire.get(id, "/block");
  // The 33rd response is the first one beyond 32 MiB.
  for (let id = 67; id < 80; id += 2) {
    assertEquals((await wire.next("RST_STREAM", id)).text, "REFUSED_STREAM");
  }
  for (let id = 1; id < 67; id += 2) await wire.send(reset(id));
  await wire.get(81, "/after");
  assertMatch((await wire.next("HEADERS", 81)).text, /^status 200/);
});

contractTest("answers that a client does not read are not made", async (rig) => {
  const path = "/" + "p".repeat(4000);
  let answered = 0;
  const server = new TestServer(rig, {
    [path]: (exchange) => {
      answered++;
      answer(exchange, path);
    },
  });
  using wire = await Http2Wire.open(server.address, [windowId, 0x7fffffff]);
  // Made once, and numbered again for each batch: a flood must cost its sender less than the server.
  const batch = 32;
  const frame = request(1, "GET", path, whole);
  const frames = repeat(batch, () => frame);
  const ids = new DataView(frames.buffer, frames.byteOffset);
  let sent = 0;
  let isDone = false;
  const flood = (async () => {
    for (let id = 1; !isDone && id < 2_000_000; id += 2 * batch) {
      for (let i = 0; i < batch; i++) ids.setUint32(i * frame.length + 5, id + 2 * i);
      await wire.send(frames);
      sent += batch;
    }
  })().catch(() => undefined);
  let before = -1;
  while (sent !== before) {
    before = sent;
    await sleep(500);
  }
  // The connection's window takes 16 answers, and 100 streams may wait for more of it.
  assert(answered > 0 && answered < 200, `${answered} answered`);
  isDone = true;
  wire.close();
  await flood;
});

function repeat(count: number, make: (i: number) => Uint8Array): Uint8Array {
  return bytes(...Array.from({ length: count }, (_, i) => make(i)));
}

contractTest("a client that resets more than it lets end is held back for a while", async (rig) => {
  const guard = { ...defaultHttp2Options.session.guard, resets: { burst: 1000, perSecond: 0 } };
  const session = { ...defaultHttp2Options.session, guard };
  const rows: readonly (readonly [delayMs: number, resets: number, isHeld: boolean])[] = [
    [600_000, 99, false],
    [600_000, 100, true],
    [0, 300, false],
  ];
  for (const [dosDelayMs, count, isHeld] of rows) {
    const server = new TestServer(rig, {}, {
      http2: { ...defaultHttp2Options, session, dosDelayMs },
    });
    using wire = await afterResets(server, count);
    await wire.get(601, "/later");
    await roundTrips(server);
    assertEquals(server.open.length - count, isHeld ? 0 : 1, `${count} resets`);
  }
  const http2 = { ...defaultHttp2Options, session, dosDelayMs: 20 };
  const server = new TestServer(rig, {}, { http2 });
  using wire = await afterResets(server, 100);
  await wire.get(601, "/again");
  assertEquals((await wire.response(601)).body, "/again");
});

/** A client that has reset `count` requests. */
async function afterResets(server: TestServer, count: number): Promise<Http2Wire> {
  const wire = await Http2Wire.open(server.address);
  for (let i = 0; i < count; i++) {
    await wire.send(request(2 * i + 1, "GET", "/later", whole), reset(2 * i + 1));
  }
  await until(() => server.aborts.length === count);
  return wire;
}

/** After these, whatever was sent on other connections before has been read, if it is read at all. */
async function roundTrips(server: TestServer): Promise<void> {
  using wire = await Http2Wire.open(server.address);
  for (const id of [1, 3, 5]) {
    await wire.get(id, "/near");
    assertEquals((await wire.response(id)).body, "/near");
  }
}
