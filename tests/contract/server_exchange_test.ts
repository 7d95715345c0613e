/** A server's exchanges as a client sees them, over every backend. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import type { Exchange } from "../../mod/conn/exchange/exchange.ts";
import { StaticResponse } from "../../mod/conn/exchange/static_response.ts";
import { Framing } from "../../mod/http/message_head.ts";
import { latin1 } from "../support/raw_socket.ts";
import { contractTest } from "./harness.ts";
import { answer, get, responses, TestServer } from "./server_harness.ts";

const encoder = new TextEncoder();

contractTest("pipelined requests are answered in order, also when one is late", async (rig) => {
  const server = new TestServer(rig);
  using client = await server.connect();
  await client.send(get("/1") + get("/later") + get("/3") + get("/4"));
  const first = await client.readUntil("\r\n\r\n/1");
  assertStringIncludes(first, "200 OK");
  assertEquals(latin1(await client.readAll({ idleMs: 100 })), "", "nothing overtakes /later");
  answer(server.open[0].exchange, "late");
  const rest = responses(latin1(await client.readAll()));
  assertEquals(rest.map((r) => r.body), ["late", "/3", "/4"]);
});

contractTest("a request is understood wherever the network splits it", async (rig) => {
  const server = new TestServer(rig);
  const text = "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" +
    "3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nTrailer: 1\r\n\r\n" + get("/next");
  using client = await server.connect();
  for (let at = 1; at < text.length; at += 7) {
    await client.send(text.slice(0, at));
    await new Promise((resolve) => setTimeout(resolve, 1));
    await client.send(text.slice(at));
    const got = await client.readUntil("\r\n\r\nabcde") + await client.readUntil("\r\n\r\n/next");
    assertEquals(responses(got).map((r) => r.body), ["abcde", "/next"], `split at ${at}`);
  }
});

contractTest("HTTP/1.0 closes the connection, or keeps it on request", async (rig) => {
  const server = new TestServer(rig);
  using once = await server.connect();
  await once.send(get("/a", "", "1.0"));
  const closing = latin1(await once.readAll());
  assertStringIncludes(closing, "Connection: close\r\n");
  assert(once.isClosedByPeer && once.resetError === null);
  using kept = await server.connect();
  await kept.send(get("/a", "Connection: keep-alive\r\n", "1.0"));
  assertStringIncludes(await kept.readUntil("\r\n\r\n/a"), "Connection: keep-alive\r\n");
  await kept.send(get("/b", "", "1.0"));
  assertStringIncludes(latin1(await kept.readAll()), "\r\n\r\n/b");
  assert(kept.isClosedByPeer);
});

contractTest("HEAD and 204 have no body, and the connection stays open", async (rig) => {
  const server = new TestServer(rig, {
    "/none": (x) => {
      x.beginHead(204);
      x.endHead(Framing.none);
      x.endBody();
    },
  });
  using client = await server.connect();
  await client.send(`HEAD /abc HTTP/1.1\r\nHost: a\r\n\r\n${get("/none")}${get("/last")}`);
  const text = latin1(await client.readAll());
  const [head, none, last] = text.split(/(?=HTTP\/1\.1 )/);
  assertMatch(head, /^HTTP\/1\.1 200 OK\r\n[^]*Content-Length: 4\r\n\r\n$/);
  assertMatch(none, /^HTTP\/1\.1 204 No Content\r\n[^]*\r\n\r\n$/);
  assert(!/content-length|transfer-encoding/i.test(none), none);
  assertMatch(last, /\r\n\r\n\/last$/);
});

contractTest("Expect: 100-continue gets one 100 before the body", async (rig) => {
  const server = new TestServer(rig);
  using client = await server.connect();
  const head =
    "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n";
  await client.send(head);
  assertEquals(await client.readUntil("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  await client.send("hello");
  assertEquals(responses(latin1(await client.readAll()))[0].body, "hello");
  await client.send(head + "world");
  assertStringIncludes(await client.readUntil("world"), "HTTP/1.1 200 OK");
});

contractTest(
  "a response before the body closes the connection of a client that expects 100",
  async (rig) => {
    const server = new TestServer(rig, { "/no": (x) => answer(x, "no", 403) });
    using client = await server.connect();
    await client.send(
      "POST /no HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n",
    );
    const refusal = latin1(await client.readAll());
    assertMatch(refusal, /^HTTP\/1\.1 403 Forbidden\r\n/);
    // RFC 9110 10.1.1: the response says whether the connection will be closed.
    assertStringIncludes(refusal, "\r\nConnection: close\r\n");
    assert(client.isClosedByPeer && client.resetError === null);
  },
);

contractTest("a body that the handler does not read is discarded", async (rig) => {
  const server = new TestServer(rig, { "/no": (x) => answer(x, "no", 403) });
  using client = await server.connect();
  const body = "x".repeat(100_000);
  await client.send(`POST /no HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n${body}`);
  await client.send(get("/after"));
  const got = responses(latin1(await client.readAll()));
  assertEquals(got.map((r) => r.status), [403, 200]);
  assertEquals(got[1].body, "/after");
  assertEquals(server.bodyBytes, 0);
});

contractTest(
  "an endless unread body closes the connection, and the response arrives",
  async (rig) => {
    const server = new TestServer(rig, { "/no": (x) => answer(x, "no", 403) });
    using client = await server.connect();
    await client.send("POST /no HTTP/1.1\r\nHost: a\r\nContent-Length: 9000000000\r\n\r\n");
    const block = "x".repeat(50_000);
    for (let i = 0; i < 8; i++) await client.send(block);
    assertMatch(latin1(await client.readAll()), /^HTTP\/1\.1 403 /);
    assert(await client.waitForClose(5_000));
  },
);

contractTest("chunked responses are close-delimited for HTTP/1.0", async (rig) => {
  const server = new TestServer(rig, {
    "/parts": (x) => {
      x.beginHead(200);
      x.endHead(Framing.chunked);
      for (const part of ["one", "", "two and more"]) {
        x.writeBody(encoder.encode(part), 0, part.length);
      }
      x.endBody();
    },
  });
  using modern = await server.connect();
  await modern.send(get("/parts"));
  const chunked = await modern.readUntil("0\r\n\r\n");
  assertMatch(
    chunked,
    /Transfer-Encoding: chunked\r\n\r\n3\r\none\r\nc\r\ntwo and more\r\n0/,
  );
  using old = await server.connect();
  await old.send(get("/parts", "Connection: keep-alive\r\n", "1.0"));
  const plain = latin1(await old.readAll());
  assertMatch(plain, /\r\n\r\nonetwo and more$/);
  assert(!plain.includes("Transfer-Encoding") && plain.includes("Connection: close"), plain);
  assert(old.isClosedByPeer);
});

contractTest("trailers follow a chunked response", async (rig) => {
  const server = new TestServer(rig, {
    "/t": (x) => {
      x.beginHead(200);
      x.endHead(Framing.chunked);
      x.writeBody(encoder.encode("ab"), 0, 2);
      x.endBodyWithTrailers(encoder.encode("Sum: 42\r\n"));
    },
  });
  using client = await server.connect();
  await client.send(get("/t") + get("/next"));
  assertStringIncludes(
    await client.readUntil("/next"),
    "2\r\nab\r\n0\r\nSum: 42\r\n\r\nHTTP/1.1 200",
  );
});

contractTest("a body of the wrong length cuts the connection", async (rig) => {
  const short = encoder.encode("short");
  const server = new TestServer(rig, {
    "/short": (x) => {
      x.beginHead(200);
      x.endHead(Framing.length, 10);
      x.writeBody(short, 0, short.length);
      x.endBody();
    },
    "/long": (x) => {
      x.beginHead(200);
      x.endHead(Framing.length, 3);
      x.writeBody(short, 0, short.length);
    },
  });
  for (const path of ["/short", "/long"]) {
    using client = await server.connect();
    await client.send(get(path));
    assert(await client.waitForClose(), path);
  }
  assertEquals(server.aborts, ["EPROTO", "EPROTO"]);
});

contractTest("a request that breaks the protocol is refused and closed", async (rig) => {
  const server = new TestServer(rig);
  using client = await server.connect();
  await client.send(get("/good") + "GET / HTTP/1.1\r\nHost : a\r\n\r\n" + get("/never"));
  const got = responses(latin1(await client.readAll()));
  assertEquals(got.map((r) => r.status), [200, 400]);
  assertStringIncludes(got[1].head, "Connection: close\r\n");
  assert(await client.waitForClose(), "the connection ends");
  assertEquals(client.resetError, null, "no reset hurts the answer");
  assertEquals(server.refusals, ["400 malformed field name"]);
});

contractTest("a static response serves every kind of client", async (rig) => {
  const hello = new StaticResponse(200, [["Content-Type", "text/plain"]], "hello");
  const server = new TestServer(rig, { "/": (x) => x.respond(hello) });
  using client = await server.connect();
  await client.send(get("/") + `HEAD / HTTP/1.1\r\nHost: a\r\n\r\n` + get("/", "", "1.0"));
  const [full, head, last] = latin1(await client.readAll()).split(/(?=HTTP\/1\.1 )/);
  const date = /\r\nDate: (.*)\r\n/.exec(full)![1];
  assert(Math.abs(Date.parse(date) - Date.now()) < 5_000, date);
  assertMatch(full, /Server: hayate\/0\.1\.0\r\n[^]*Content-Length: 5\r\n\r\nhello$/);
  assertMatch(head, /Content-Length: 5\r\n\r\n$/);
  assertMatch(last, /Connection: close\r\n\r\nhello$/);
});

contractTest(
  "a client that reads slowly slows the writer down and gets everything",
  async (rig) => {
    const block = new Uint8Array(65_536).fill(120);
    const total = 150;
    let written = 0;
    const go = (x: Exchange) => {
      while (written < total) {
        written++;
        if (!x.writeBody(block, 0, block.length)) return;
      }
      x.endBody();
    };
    const server = new TestServer(rig, {
      "/big": (x) => {
        x.beginHead(200);
        x.endHead(Framing.length, total * block.length);
        go(x);
      },
    });
    let current: Exchange | null = null;
    server.onDrain = () => go(current!);
    const route = server.routes["/big"];
    server.routes["/big"] = (x) => route(current = x);
    using client = await server.connect();
    await client.send(get("/big"));
    await client.readUntil("\r\n\r\n");
    assert(written < total, "backpressure stopped the writer");
    const body = await client.readBytes(total * block.length);
    assertEquals(body.length, total * block.length);
  },
);

contractTest("a half-closed client still gets its response if that is allowed", async (rig) => {
  const server = new TestServer(rig, {}, { allowHalfOpen: true });
  using client = await server.connect();
  await client.send(get("/later"));
  await client.halfClose();
  await new Promise((resolve) => setTimeout(resolve, 50));
  answer(server.open[0].exchange, "still here");
  assertStringIncludes(latin1(await client.readAll()), "\r\n\r\nstill here");
  assert(client.isClosedByPeer);
});

contractTest("takeOver() hands over the socket", async (rig) => {
  let text = "";
  const server = new TestServer(rig, {
    "/up": (x) => {
      x.writeInterim(103, encoder.encode("Link: </a>\r\n"));
      const writer = x.beginHead(101, undefined, false);
      writer.ascii("Upgrade: echo\r\n");
      x.endHead(Framing.none);
      const { socket, early } = x.takeOver();
      text = latin1(early);
      socket.handler = {
        onOpen() {},
        onData(s, bytes, start, end) {
          s.write(bytes, start, end);
        },
        onDrain() {},
        onEnd(s) {
          s.close();
        },
        onClose() {},
      };
      socket.resume();
    },
  });
  using client = await server.connect();
  await client.send(get("/up", "Connection: upgrade\r\nUpgrade: echo\r\n"));
  const heads = await client.readUntil("Upgrade: echo\r\n");
  assertStringIncludes(heads, "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 101 ");
  await client.send("ping");
  assertStringIncludes(await client.readUntil("ping"), "ping");
  assertEquals(text, "");
});

contractTest(
  "takeOver() hands over the bytes after the head, wherever it is split",
  async (rig) => {
    const texts: string[] = [];
    const server = new TestServer(rig, {
      "/up": (x) => {
        x.beginHead(101, undefined, false);
        x.endHead(Framing.none);
        const { socket, early } = x.takeOver();
        texts.push(latin1(early));
        socket.close();
      },
    });
    const request = get("/up", "Connection: upgrade\r\nUpgrade: websocket\r\n");
    for (const splitAt of [0, 3, request.length - 1]) {
      using client = await server.connect();
      await client.send(request.slice(0, splitAt));
      await new Promise((resolve) => setTimeout(resolve, 20));
      await client.send(`${request.slice(splitAt)}early`);
      await client.readUntil("HTTP/1.1 101 ");
    }
    assertEquals(texts, ["early", "early", "early"]);
  },
);

contractTest(
  "a request answered in its last piece of body leaves the connection idle",
  async (rig) => {
    const server = new TestServer(rig);
    server.onBody = (x) => answer(x, "enough");
    using client = await server.connect();
    await client.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc");
    assertStringIncludes(await client.readUntil("enough"), "200 OK");
    server.http.closeIdle(Infinity, 1);
    await client.readAll();
    assert(client.isClosedByPeer, "the connection is idle");
  },
);

contractTest("every response has the date, in either order of the kinds", async (rig) => {
  const prepared = new StaticResponse(200, [], "prepared");
  for (const paths of [["/prepared", "/written"], ["/written", "/prepared"]]) {
    const server = new TestServer(rig, { "/prepared": (x) => x.respond(prepared) });
    using client = await server.connect();
    await client.send(paths.map((path) => get(path)).join(""));
    const text = await client.readUntil(paths[1].slice(1));
    const dates = text.match(/\r\nDate: \w{3}, \d\d \w{3} 2\d{3} \d\d:\d\d:\d\d GMT\r\n/g);
    assertEquals(dates?.length, 2, text);
  }
});
