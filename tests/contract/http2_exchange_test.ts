/** Exchanges of a server over HTTP/2, frame by frame. Over every backend. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import type { Exchange } from "../../mod/conn/exchange/exchange.ts";
import { defaultHttp2Options } from "../../mod/conn/exchange/http2_options.ts";
import { StaticResponse } from "../../mod/conn/exchange/static_response.ts";
import { Framing } from "../../mod/http/message_head.ts";
import { Http2Wire } from "../support/http2_wire.ts";
import {
  block,
  bytes,
  data,
  frame,
  preface,
  settings,
  Type,
  window,
} from "../vectors/http2/wire.ts";
import { get as getFrame, reset } from "../vectors/http2/wire.ts";
import { RawConnection } from "../support/raw_socket.ts";
import { contractTest } from "./harness.ts";
import { get, TestServer } from "./server_harness.ts";

const encoder = new TextEncoder();
const hello = new StaticResponse(200, [["Content-Type", "text/plain"]], "hello");
const windowId = 4;

contractTest("the preface is recognised at every split point", async (rig) => {
  const server = new TestServer(rig);
  const input = bytes(preface, settings(), getFrame(1));
  for (let cut = 1; cut <= preface.length + 3; cut++) {
    const wire = new Http2Wire(await RawConnection.open(server.address));
    using _ = wire;
    await wire.send(input.subarray(0, cut));
    await new Promise((done) => setTimeout(done, 1));
    await wire.send(input.subarray(cut));
    const { body, end } = await wire.response(1);
    assertEquals([body, end], ["/", "END"], `cut at ${cut}`);
  }
});

contractTest("what only begins like the preface is HTTP/1", async (rig) => {
  const server = new TestServer(rig);
  for (const method of ["PRI", "PUT", "PRIX", "P"]) {
    using client = await server.connect();
    await client.send(method.slice(0, 1));
    await client.send(`${method.slice(1)} /x HTTP/1.1\r\nHost: a\r\n\r\n`);
    assertMatch(await client.readUntil("/x"), /^HTTP\/1\.1 200 OK/, method);
  }
  using client = await server.connect();
  await client.send("PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n");
  assertMatch(await client.readUntil("\r\n\r\n"), /^HTTP\/1\.1 (400|505) /);
});

contractTest("without HTTP/2 the preface is a bad request", async (rig) => {
  const server = new TestServer(rig, {}, { http2: null });
  using client = await server.connect();
  await client.send(preface);
  assertMatch(await client.readUntil("\r\n\r\n"), /^HTTP\/1\.1 (400|505) /);
});

contractTest("many streams are answered, whatever their order", async (rig) => {
  const server = new TestServer(rig);
  using wire = await Http2Wire.open(server.address);
  for (let id = 1; id < 60; id += 2) await wire.get(id, id % 4 === 1 ? `/p${id}` : "/later");
  while (server.open.length < 15) await new Promise((done) => setTimeout(done, 5));
  for (const { exchange } of server.open.reverse()) exchange.respond(hello);
  for (let id = 1; id < 60; id += 2) {
    const { body } = await wire.response(id);
    assertEquals(body, id % 4 === 1 ? `/p${id}` : "hello");
  }
  assertEquals(server.http.connectionCount, 1);
});

contractTest("responses of every kind", async (rig) => {
  const server = new TestServer(rig, {
    "/static": (x) => x.respond(hello),
    "/chunked": (x) => {
      x.beginHead(200).ascii("Connection: close\r\nX-A: b\r\n");
      x.endHead(Framing.chunked);
      x.writeBody(encoder.encode("one"), 0, 3);
      x.writeBody(encoder.encode("two"), 0, 3);
      x.endBodyWithTrailers(encoder.encode("X-End: yes\r\n"));
    },
    "/empty": (x) => {
      x.beginHead(204);
      x.endHead(Framing.none);
      x.endBody();
    },
    "/hints": (x) => {
      x.writeInterim(103, encoder.encode("Link: </a>\r\n"));
      x.respond(hello);
    },
  });
  using wire = await Http2Wire.open(server.address);
  await wire.get(1, "/static");
  const first = await wire.response(1);
  assertMatch(
    first.heads[0],
    /^status 200; date: .* GMT; server: .*; content-length: 5; content-type: text\/plain$/,
  );
  assertEquals(first.body, "hello");
  await wire.get(3, "/chunked");
  const { heads, body, end } = await wire.response(3);
  assertMatch(heads[0], /^status 200; server: [^;]*; date: [^;]*; x-a: b$/);
  assertEquals([heads[1], body, end], ["x-end: yes", "onetwo", "END"]);
  await wire.get(5, "/empty");
  assertEquals((await wire.response(5)).body, "");
  await wire.get(7, "/hints");
  const hinted = await wire.response(7);
  assertEquals(hinted.heads[0], "status 103; link: </a>");
  assertEquals(hinted.body, "hello");
  await wire.send(
    frame(
      Type.headers,
      5,
      9,
      block([":method", "HEAD"], [":scheme", "http"], [":path", "/static"], [":authority", "a"]),
    ),
  );
  const head = await wire.response(9);
  assertMatch(head.heads[0], /content-length: 5/);
  assertEquals([head.body, head.end], ["", "END"]);
});

contractTest("bodies and trailers of requests", async (rig) => {
  const trailers: string[] = [];
  const server = new TestServer(rig);
  const { onBodyEnd } = server;
  server.onBodyEnd = (exchange: Exchange) => {
    trailers.push(...exchange.requestTrailers().map(({ name, value }) => `${name}=${value}`));
    onBodyEnd.call(server, exchange);
  };
  using wire = await Http2Wire.open(server.address);
  await wire.post(1, "/echo");
  await wire.post(3, "/echo", ["content-length", "4"], ["expect", "100-continue"]);
  await wire.send(data(1, 0, "ab"), data(3, 0, "12"), data(1, 0, "cd"), data(3, 1, "34"));
  await wire.send(frame(Type.headers, 5, 1, block(["x-end", "yes"])));
  assertEquals((await wire.response(1)).body, "abcd");
  const second = await wire.response(3);
  assertEquals([second.heads[0], second.body], ["status 100", "1234"]);
  assertEquals(trailers, ["x-end=yes"]);
});

contractTest("a stream whose window is used up holds up itself alone", async (rig) => {
  const size = 100_000;
  const server = new TestServer(rig, {
    "/big": (x) => {
      x.beginHead(200);
      x.endHead(Framing.length, size);
      x.writeBody(new Uint8Array(size).fill(65), 0, size);
      x.endBody();
    },
  });
  using wire = await Http2Wire.open(server.address, [windowId, 10]);
  await wire.get(1, "/big");
  assertEquals((await wire.next("DATA", 1)).text.length, 10);
  await wire.get(3, "/b");
  assertEquals((await wire.response(3)).body, "/b");
  await wire.send(window(1, 0x100000), window(0, 0x100000));
  const { body, end } = await wire.response(1);
  assertEquals([body.length, end], [size - 10, "END"]);
});

contractTest("what pages wait for goes first, unless the client says otherwise", async (rig) => {
  // The connection's window at first: the first response uses it up, and all others wait.
  const size = 65_535;
  const types: Readonly<Record<string, string>> = {
    "/png": "image/png",
    "/html": "text/html; charset=utf-8",
    "/woff2": "font/woff2",
    "/css": "text/css; charset=utf-8",
    "/js": "Text/JavaScript",
  };
  const paths = Object.keys(types);
  const route = (type: string) => (x: Exchange) => {
    x.beginHead(200).field("content-type", type);
    x.endHead(Framing.length, size);
    x.writeBody(new Uint8Array(size).fill(65), 0, size);
    x.endBody();
  };
  const routes = Object.fromEntries(paths.map((path) => [path, route(types[path])]));
  const rows: readonly (readonly [ranksAssets: boolean, priority: string, order: string])[] = [
    [true, "", "/css /js /woff2 /png /html"],
    [true, "u=3", "/png /html /woff2 /css /js"],
    [false, "", "/png /html /woff2 /css /js"],
  ];
  for (const [ranksAssets, priority, order] of rows) {
    const server = new TestServer(rig, routes, { http2: { ...defaultHttp2Options, ranksAssets } });
    using wire = await Http2Wire.open(server.address, [windowId, 0x100000]);
    await wire.get(1, "/png");
    assertEquals((await wire.response(1)).end, "END");
    const fields = priority === "" ? [] : [["priority", priority] as const];
    for (const [i, path] of paths.entries()) await wire.get(3 + 2 * i, path, ...fields);
    for (const i of paths.keys()) await wire.next("HEADERS", 3 + 2 * i);
    await wire.send(window(0, 0x100000));
    const ended: string[] = [];
    while (ended.length < paths.length) {
      const { id, ends } = await wire.next("DATA");
      if (ends) ended.push(paths[(id - 3) / 2]);
    }
    assertEquals(ended.join(" "), order, `${ranksAssets} ${priority}`);
  }
});

contractTest("a handler that waits for onDrain gets it", async (rig) => {
  const part = new Uint8Array(100_000);
  let left = 20;
  let current: Exchange | null = null;
  const server = new TestServer(rig, {
    "/big": (x) => {
      current = x;
      x.beginHead(200);
      x.endHead(Framing.chunked);
      server.onDrain();
    },
  });
  server.onDrain = () => {
    server.drainCount++;
    while (left > 0 && current!.writeBody(part, 0, part.length)) left--;
    if (left > 0) left--;
    else current!.endBody();
  };
  using wire = await Http2Wire.open(server.address, [windowId, 0x7fffffff]);
  await wire.send(window(0, 0x7fff0000 - 65_535));
  await wire.get(1, "/big");
  const { body } = await wire.response(1);
  assertEquals(body.length, 20 * part.length);
});

contractTest("a paused body is held back by the window of its stream", async (rig) => {
  let current: Exchange | null = null;
  const server = new TestServer(rig, {
    "/slow": (x) => {
      current = x;
      x.context = "";
      x.pauseBody();
    },
  });
  using wire = await Http2Wire.open(server.address, [windowId, 0x100000]);
  await wire.send(window(0, 0x100000));
  await wire.post(1, "/slow");
  const part = "x".repeat(16_384);
  for (let i = 0; i < 16; i++) await wire.send(data(1, 0, part));
  await wire.get(3, "/a");
  assertEquals((await wire.response(3)).body, "/a");
  assertEquals(server.bodyBytes, 0);
  current!.resumeBody();
  assertEquals(server.bodyBytes, 16 * part.length);
  assertEquals((await wire.next("WINDOW_UPDATE", 1)).text, "+262144");
  await wire.send(data(1, 1, ""));
  assertEquals((await wire.response(1)).body.length, 16 * part.length);
});

contractTest("streams that are reset", async (rig) => {
  const server = new TestServer(rig, {
    "/abort": (x) => {
      x.beginHead(200);
      x.endHead(Framing.chunked);
      x.writeBody(encoder.encode("part"), 0, 4);
      x.abort();
    },
    "/more": (x) => {
      x.beginHead(200);
      x.endHead(Framing.length, 3);
      x.writeBody(encoder.encode("four"), 0, 4);
    },
    "/less": (x) => {
      x.beginHead(200);
      x.endHead(Framing.length, 9);
      x.writeBody(encoder.encode("four"), 0, 4);
      x.endBody();
    },
  });
  using wire = await Http2Wire.open(server.address);
  for (const [id, path] of [[1, "/abort"], [3, "/more"], [5, "/less"]] as const) {
    await wire.get(id, path);
    assertEquals((await wire.response(id)).end, "INTERNAL_ERROR", path);
  }
  assertEquals(server.aborts, ["EPROTO", "EPROTO"]);
  await wire.get(7, "/later");
  await wire.send(reset(7));
  await wire.get(9, "/still");
  assertEquals((await wire.response(9)).body, "/still");
  assertEquals(server.aborts, ["EPROTO", "EPROTO", "ECONNRESET"]);
});

contractTest(
  "an early answer: the rest of the body is dropped, or the stream reset",
  async (rig) => {
    const server = new TestServer(rig, {
      "/refuse": (x) => {
        x.closeAfterwards();
        x.respond(hello);
      },
      "/early": (x) => x.respond(hello),
    });
    using wire = await Http2Wire.open(server.address);
    await wire.post(1, "/refuse");
    assertEquals((await wire.response(1)).body, "hello");
    assertEquals((await wire.next("RST_STREAM", 1)).text, "NO_ERROR");
    await wire.post(3, "/early");
    await wire.send(data(3, 0, "more"), data(3, 1, ""));
    assertEquals((await wire.response(3)).body, "hello");
    await wire.get(5, "/next");
    assertEquals((await wire.response(5)).body, "/next");
    assertEquals(server.http.connectionCount, 1);
    await wire.post(7, "/early");
    for (let i = 0; i < 17; i++) await wire.send(data(7, 0, "x".repeat(16_000)));
    assertEquals((await wire.next("RST_STREAM", 7)).text, "NO_ERROR");
  },
);

contractTest("requests that are refused", async (rig) => {
  const server = new TestServer(rig);
  using wire = await Http2Wire.open(server.address);
  await wire.get(1, "/", ["Upper", "case"]);
  assertEquals((await wire.response(1)).end, "PROTOCOL_ERROR");
  await wire.get(3, "/" + "p".repeat(9000));
  const long = await wire.response(3);
  assertMatch(long.heads[0], /^status 414;/);
  assertEquals(server.refusals.length, 2);
  assertMatch(server.refusals[0], /^400 /);
  assertMatch(server.refusals[1], /^414 /);
});

contractTest("HTTP/1.1 asks for h2c in vain", async (rig) => {
  const server = new TestServer(rig);
  using client = await server.connect();
  const fields =
    "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n";
  await client.send(get("/a", fields));
  assertMatch(await client.readUntil("/a"), /^HTTP\/1\.1 200 OK/);
  assert(server.http.connectionCount === 1);
});
