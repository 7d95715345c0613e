/** How a client's request reaches an upstream. */
import { assertEquals, assertMatch } from "@std/assert";
import { always, fieldLines, response, ScriptedUpstream, TestProxy } from "../../support/proxy.ts";
import { latin1 } from "../../support/raw_socket.ts";

/** The head that an upstream gets for a request. */
async function forwarded(
  proxy: TestProxy,
  upstream: ScriptedUpstream,
  request: string,
): Promise<string> {
  await proxy.exchange(request);
  return upstream.heads.at(-1) ?? "";
}

Deno.test("A proxied request is forwarded with forwarding fields and without hop-by-hop fields", async () => {
  await using upstream = ScriptedUpstream.start(always(response("ok")));
  await using proxy = await TestProxy.before(`http://127.0.0.1:${upstream.port}/`);
  const head = await forwarded(
    proxy,
    upstream,
    "GET /a?b=c HTTP/1.1\r\nHost: example.com\r\nX-One: 1\r\nKeep-Alive: 5\r\nTE: trailers\r\n" +
      "Proxy-Authorization: x\r\nProxy-Connection: close\r\nX-Gone: 1\r\nUpgrade: h2c\r\nx-gOne-2: y\r\n" +
      "HTTP2-Settings: abc\r\nExpect: 100-continue\r\nX-Two:  2 \r\nConnection: close, X-Gone, x-gone-2\r\n\r\n",
  );
  assertEquals(head.split("\r\n")[0], "GET /a?b=c HTTP/1.1");
  assertEquals(fieldLines(head), [
    `host: 127.0.0.1:${upstream.port}`,
    "x-one: 1",
    "x-two:  2 ",
    "x-forwarded-proto: http",
    "x-forwarded-for: 127.0.0.1",
    "via: 1.1 example.com",
  ]);
});

Deno.test("Forwarding fields of the client are continued, and the proto is replaced", async () => {
  await using upstream = ScriptedUpstream.start(always(response("ok")));
  await using proxy = await TestProxy.before(`http://127.0.0.1:${upstream.port}/`, [
    "proxy.preserve-host: ON",
  ]);
  const head = await forwarded(
    proxy,
    upstream,
    "GET / HTTP/1.1\r\nX-Forwarded-For: 1.2.3.4\r\nHost: example.com:81\r\nVia: 1.0 a\r\n" +
      "X-Forwarded-Proto: https\r\nx-forwarded-for: 5.6.7.8\r\nVIA: 1.1 b\r\nConnection: close\r\n\r\n",
  );
  assertEquals(fieldLines(head), [
    "host: example.com:81",
    "x-forwarded-proto: http",
    "x-forwarded-for: 1.2.3.4, 5.6.7.8, 127.0.0.1",
    "via: 1.0 a, 1.1 b, 1.1 example.com:81",
  ]);
});

Deno.test("Forwarding fields can be switched off", async () => {
  await using upstream = ScriptedUpstream.start(always(response("ok")));
  await using proxy = await TestProxy.before(
    `http://127.0.0.1:${upstream.port}/`,
    [],
    "proxy.emit-x-forwarded-headers: OFF\nproxy.emit-via-header: OFF\nproxy.preserve-x-forwarded-proto: ON\n",
  );
  const head = await forwarded(
    proxy,
    upstream,
    "GET / HTTP/1.1\r\nHost: e\r\nX-Forwarded-For: 1.2.3.4\r\nX-Forwarded-Proto: https\r\nConnection: close\r\n\r\n",
  );
  assertEquals(fieldLines(head, "host"), ["x-forwarded-for: 1.2.3.4", "x-forwarded-proto: https"]);
});

Deno.test("The path entry's prefix is replaced by the URL's path", async () => {
  await using upstream = ScriptedUpstream.start(always(response("ok")));
  const url = `http://127.0.0.1:${upstream.port}`;
  await using proxy = await TestProxy.start(`listen: {port: PORT, host: 127.0.0.1}
hosts:
  default:
    paths:
      /plain: {proxy.reverse.url: "${url}/base"}
      /slash/: {proxy.reverse.url: "${url}/base/"}
      /out: {proxy.reverse.url: "${url}/base/"}
      /in/: {proxy.reverse.url: "${url}/base"}
      /none: {proxy.reverse.url: "${url}"}
`);
  const rows: [string, string][] = [
    ["/plain", "/base"],
    ["/plain/x", "/base/x"],
    ["/plain?q", "/base?q"],
    ["/slash/", "/base/"],
    ["/slash/x/?q=/", "/base/x/?q=/"],
    ["/out", "/base/"],
    ["/out/x", "/base/x"],
    ["/in/", "/base/"],
    ["/in/x", "/base/x"],
    ["/none", "/"],
    ["/none/x", "/x"],
    ["/plain/%41%2f..%20", "/base/%41%2f..%20"],
    ["/%70lain/%7e", "/base/%7e"],
    ["/x/../plain/y", "/base/y"],
  ];
  for (const [target, expected] of rows) {
    await proxy.get(target);
    assertEquals(upstream.heads.at(-1)?.split(" ")[1], expected, target);
  }
});

Deno.test("proxy.header.* changes what is sent upstream", async () => {
  await using upstream = ScriptedUpstream.start(always(response("ok")));
  await using proxy = await TestProxy.before(`http://127.0.0.1:${upstream.port}/`, [
    'proxy.header.set: "X-A: new"',
    'proxy.header.unset: "X-B"',
    'proxy.header.add: "X-C: 2"',
    'proxy.header.setifempty: "X-D: no"',
    'proxy.header.append: "X-E: 2"',
    'proxy.header.merge: "X-F: 1"',
  ]);
  const head = await forwarded(
    proxy,
    upstream,
    "GET / HTTP/1.1\r\nHost: e\r\nX-A: old\r\nX-B: 1\r\nX-C: 1\r\nX-D: 1\r\nX-E: 1\r\nX-F: 0, 1\r\nConnection: close\r\n\r\n",
  );
  assertEquals(fieldLines(head).filter((line) => /^x-.:/.test(line)).sort(), [
    "x-a: new",
    "x-c: 1",
    "x-c: 2",
    "x-d: 1",
    "x-e: 1, 2",
    "x-f: 0, 1",
  ]);
});

Deno.test("A body with a length is forwarded with it, a chunked one in chunks", async () => {
  const bodies: string[] = [];
  await using upstream = ScriptedUpstream.start(async (peer) => {
    for (let head = await peer.readHead(); head !== null; head = await peer.readHead()) {
      const length = /content-length: (\d+)/i.exec(head);
      bodies.push(
        length === null
          ? await peer.raw.readUntil("0\r\n\r\n")
          : await peer.raw.readBytes(Number(length[1])),
      );
      await peer.send(response("ok"));
    }
  });
  await using proxy = await TestProxy.before(`http://127.0.0.1:${upstream.port}/`);
  await proxy.exchange(
    "POST / HTTP/1.1\r\nHost: e\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello",
  );
  await proxy.exchange(
    "POST / HTTP/1.1\r\nHost: e\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n" +
      "3;ext=1\r\nxyz\r\n2\r\nuv\r\n0\r\n\r\n",
  );
  assertEquals(bodies[0], "hello");
  assertEquals(bodies[1].replace(/[0-9a-f]+\r\n/g, "").replaceAll("\r\n", ""), "xyzuv");
  assertEquals(fieldLines(upstream.heads[1]).includes("transfer-encoding: chunked"), true);
});

Deno.test("A client that expects 100 (Continue) gets it", async () => {
  await using upstream = ScriptedUpstream.start(async (peer) => {
    await peer.readHead();
    await peer.send(response(await peer.raw.readBytes(5)));
  });
  await using proxy = await TestProxy.before(`http://127.0.0.1:${upstream.port}/`);
  using client = await proxy.connect();
  await client.send(
    "PUT / HTTP/1.1\r\nHost: e\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n",
  );
  await client.readUntil("HTTP/1.1 100 Continue\r\n\r\n");
  await client.send("12345");
  assertEquals((await client.readUntil("12345")).slice(0, 15), "HTTP/1.1 200 OK");
});

Deno.test("Pipelined requests are answered in their order", async () => {
  await using upstream = ScriptedUpstream.start(async (peer) => {
    for (let head = await peer.readHead(); head !== null; head = await peer.readHead()) {
      await peer.send(response(head.split(" ")[1]));
    }
  });
  await using proxy = await TestProxy.before(`http://127.0.0.1:${upstream.port}/`);
  using client = await proxy.connect();
  const paths = Array.from({ length: 20 }, (_, index) => `/${index}`);
  await client.send(paths.map((path) => `GET ${path} HTTP/1.1\r\nHost: e\r\n\r\n`).join(""));
  const answer = latin1(await client.readAll());
  assertEquals([...answer.matchAll(/\r\n\r\n(\/\d+)/g)].map((match) => match[1]), paths);
});

Deno.test("A request body beyond limit-request-body is refused with 413", async () => {
  await using upstream = ScriptedUpstream.start(async (peer) => {
    await peer.readHead();
    await peer.raw.waitForClose();
  });
  await using proxy = await TestProxy.before(
    `http://127.0.0.1:${upstream.port}/`,
    [],
    "limit-request-body: 10\n",
  );
  const announced = await proxy.exchange(
    "POST / HTTP/1.1\r\nHost: e\r\nContent-Length: 11\r\n\r\n",
  );
  assertEquals(announced.slice(0, 12), "HTTP/1.1 413");
  const chunked = await proxy.exchange(
    "POST / HTTP/1.1\r\nHost: e\r\nTransfer-Encoding: chunked\r\n\r\nb\r\nhello world\r\n",
  );
  assertEquals(chunked.slice(0, 12), "HTTP/1.1 413");
});

for (const [what, more] of [["An", []], ["A compressed", ["compress: ON"]]] as const) {
  Deno.test(`${what} response in progress is cut and logged when its request grows too large`, async () => {
    const gone = Promise.withResolvers<void>();
    await using upstream = ScriptedUpstream.start(async (peer) => {
      await peer.readHead();
      await peer.send(
        `HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 99\r\n\r\nbegun`,
      );
      await peer.raw.waitForClose();
      gone.resolve();
    });
    await using proxy = await TestProxy.before(
      `http://127.0.0.1:${upstream.port}/`,
      [...more, "access-log: {path: DIR/log, format: '%s %{proxy.total-time}x %{error}x'}"],
      "limit-request-body: 10",
    );
    using client = await proxy.connect();
    await client.send(
      "POST / HTTP/1.1\r\nHost: h\r\nAccept-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n",
    );
    await client.readUntil("\r\n\r\n");
    await client.send("b\r\nhello world\r\n");
    await client.waitForClose();
    await gone.promise;
    Deno.kill(proxy.child.pid, "SIGTERM");
    assertEquals((await proxy.child.status).code, 0);
    const log = await Deno.readTextFile(`${proxy.folder.path}/log`);
    assertMatch(log, /^200 [0-9.]+ request body too large\n$/);
  });
}

Deno.test("An upstream on a unix socket works the same", async () => {
  await using proxy = await TestProxy.before("http://[unix:DIR/u.sock]/base");
  await using upstream = ScriptedUpstream.start(
    always(response("ok")),
    `${proxy.folder.path}/u.sock`,
  );
  const answer = await proxy.get("/x");
  assertEquals(answer.endsWith("\r\n\r\nok"), true, answer);
  assertEquals(upstream.heads[0].split("\r\n")[0], "GET /base/x HTTP/1.1");
  assertEquals(fieldLines(upstream.heads[0])[0], "host: localhost");
});

/** Methods without a body and without a length, and whether the upstream gets a length. */
const emptyRequests: readonly [request: string, length: string | null][] = [
  // RFC 9110 8.6; h2o announces it for POST and PUT.
  ["POST", "0"],
  ["PUT", "0"],
  ["PATCH", "0"],
  ["GET", null],
  ["HEAD", null],
  ["DELETE", null],
  ["OPTIONS", null],
  ["PROPFIND", null],
];

Deno.test("A POST without a body is forwarded with Content-Length: 0", async () => {
  await using upstream = ScriptedUpstream.start(
    always("HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n"),
  );
  await using proxy = await TestProxy.before(`http://127.0.0.1:${upstream.port}/`);
  const lengthOf = (head: string) =>
    fieldLines(head).filter((line) => /length|encoding/.test(line));
  for (const [method, length] of emptyRequests) {
    const request = `${method} / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n`;
    const own = lengthOf(await forwarded(proxy, upstream, `${request}\r\n`));
    assertEquals(own, length === null ? [] : [`content-length: ${length}`], method);
    const given = await forwarded(proxy, upstream, `${request}Content-Length: 0\r\n\r\n`);
    assertEquals(lengthOf(given).map((line) => line.toLowerCase()), ["content-length: 0"], method);
  }
});

Deno.test("limit-request-line limits the length of a request line", async () => {
  await using upstream = ScriptedUpstream.start(always(response("ok")));
  const url = `http://127.0.0.1:${upstream.port}/`;
  // The line is method, target, version and two blanks: 13 bytes besides the target.
  for (const [limit, lengths] of [[8192, [8192, 8193]], [100_000, [100_000, 100_001]]] as const) {
    const directive = limit === 8192 ? "" : `limit-request-line: ${limit}`;
    await using proxy = await TestProxy.before(url, [], directive);
    for (const length of lengths) {
      const target = `/${"a".repeat(length - 14)}`;
      const answer = await proxy.exchange(
        `GET ${target} HTTP/1.1\r\nHost: h\r\nX: ${
          "b".repeat(40_000)
        }\r\nConnection: close\r\n\r\n`,
      );
      // RFC 9110 15.5.15.
      assertMatch(answer, length <= limit ? /^HTTP\/1.1 200 / : /^HTTP\/1.1 414 /, `${length}`);
      if (length <= limit) assertEquals(upstream.heads.at(-1)!.split(" ")[1], target);
    }
  }
});
