/** Clients that are slow on purpose: streams without an end, windows that stay shut, heads in drops. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { type Child, sleep } from "../../support/binary.ts";
import type { Http2Door } from "../../support/http2_connect.ts";
import { startServes } from "../../support/http2_servers.ts";
import {
  block,
  bytes,
  data,
  frame,
  get,
  getFields,
  post,
  Type,
  window,
} from "../../vectors/http2/wire.ts";
import { request } from "../../support/http2_wire.ts";

/** A body as a stream: what an app keeps in memory itself is its own affair. */
const app = `const part = new Uint8Array(16_384);
function body() {
  let sent = 0;
  return new ReadableStream({
    pull: (controller) => ++sent > 64 ? controller.close() : controller.enqueue(part.slice()),
  });
}
export default {
  async fetch(request) {
    if (new URL(request.url).pathname === "/big") return new Response(body());
    return new Response(String((await request.text()).length));
  },
};
`;
const flags = ["head", "body", "idle", "write"].flatMap((what) => [`--${what}-timeout`, "1"]);
const initialWindow = 4;
const mib = 2 ** 20;
const connections = 5;
const streams = 100;
/**
 * What a stream may take while its window is shut: 64 KiB and one part are queued, in a buffer of up
 * to twice the size; the rest is its request, its response and garbage that is not collected yet.
 */
const streamBytesMax = 262_144;

/** Runs over h2c and TLS. */
async function eachDoor(test: (door: Http2Door, child: Child) => Promise<void>): Promise<void> {
  await using servers = await startServes({ app, flags });
  await Promise.all(servers.doors.map((door, i) => test(door, servers.children[i])));
}

Deno.test("windows that stay shut: memory is bounded, and every stream ends", async () => {
  await eachDoor(async (door, child) => {
    await using stack = new AsyncDisposableStack();
    const before = memoryOf(child);
    const opened = await Promise.all(Array.from({ length: connections }, async () => {
      const wire = stack.use(await door.open([initialWindow, 0]));
      const ids = Array.from({ length: streams }, (_, i) => 2 * i + 1);
      await wire.send(bytes(...ids.map((id) => request(id, "GET", "/big", 5))));
      return wire;
    }));
    let most = 0;
    for (let i = 0; i < 8; i++) {
      most = Math.max(most, memoryOf(child) - before);
      await sleep(100);
    }
    const limit = connections * streams * streamBytesMax;
    assert(most < limit, `grown by ${most / mib} of ${limit / mib} MiB`);
    for (const wire of opened) assertEquals((await wire.response(1)).end, "CANCEL");
    await answers(door);
  });
});

Deno.test("a window that opened for some bytes does not keep its stream for ever", async () => {
  await eachDoor(async (door) => {
    using wire = await door.open([initialWindow, 0]);
    await wire.send(request(1, "GET", "/big", 5));
    for (let i = 0; i < 4; i++) {
      await wire.send(window(1, 1));
      await sleep(100);
    }
    assertEquals((await wire.response(1)).end, "CANCEL");
    await answers(door);
  });
});

Deno.test("requests that are never ended are answered with 408, and their neighbours as usual", async () => {
  await eachDoor(async (door) => {
    using wire = await door.open();
    for (let id = 1; id < 2 * 50; id += 2) await wire.send(post(id), data(id, 0, "a"));
    await wire.send(get(101));
    assertEquals((await wire.response(101)).body, "0");
    for (let id = 1; id < 2 * 50; id += 2) {
      assertMatch((await wire.response(id)).heads[0], /^status 408;/);
    }
    await answers(door);
  });
});

Deno.test("a head that comes in drops ends its connection", async () => {
  await eachDoor(async (door) => {
    using wire = await door.open();
    const fields = block(...getFields, ["x-a", "b".repeat(200)]);
    await wire.send(frame(Type.headers, 1, 1, fields.subarray(0, 10)));
    const head = frame(Type.continuation, 4, 1, fields.subarray(10));
    const dripping = (async () => {
      for (let i = 0; i < head.length; i++) {
        await wire.send(head.subarray(i, i + 1));
        await sleep(50);
      }
    })().catch(() => undefined);
    assertMatch(await wire.goaway(), /ENHANCE_YOUR_CALM/);
    wire.close();
    await dripping;
    await answers(door);
  });
});

/** A new client is answered. */
async function answers(door: Http2Door): Promise<void> {
  using wire = await door.open();
  await wire.get(1, "/");
  assertEquals((await wire.response(1)).body, "0");
}

function memoryOf({ pid }: Child): number {
  const status = Deno.readTextFileSync(`/proc/${pid}/status`);
  return 1024 * Number(/^VmRSS:\s*(\d+)/m.exec(status)?.[1]);
}
