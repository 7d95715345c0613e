/**
 * Requests that the proxy starts itself (error documents, internal redirects) over a proxied path: the
 * upstream must see them with their own framing, for any client input (RFC 9112 section 11.2).
 */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { sleep } from "../../support/binary.ts";
import { StrictUpstream } from "../../support/strict_upstream.ts";
import { parts, response, TestProxy } from "../../support/proxy.ts";

const backends = ["epoll", "portable"] as const;

/** What a reader of a body without framing would mistake for the next request. */
const smuggled = "GET /smuggled HTTP/1.1\r\nHost: evil\r\nX: ";

/** Answers `/deny/STATUS` with that status; everything else with its own request line. */
function upstream(): StrictUpstream {
  return StrictUpstream.start(({ method, target }) => {
    const status = /^\/deny\/(\d+)/.exec(target)?.[1];
    const body = method === "HEAD" ? "" : `${method} ${target}`;
    return status === undefined
      ? response(body)
      : response(body, "X-Denied: 1\r\n", `${status} Refused`);
  });
}

async function start(port: number, backend: "epoll" | "portable"): Promise<TestProxy> {
  return await TestProxy.start(
    `listen: {port: PORT, host: 127.0.0.1}
limit-request-body: 1000
error-doc:
  - {status: [400, 403, 404, 405, 413, 500, 502, 504], url: /errors/page.html}
hosts:
  default:
    paths:
      /: {proxy.reverse.url: "http://127.0.0.1:${port}"}
      /files: {file.dir: DIR/www}
      /dead: {proxy.reverse.url: "http://127.0.0.1:1/"}
      /nowhere: {redirect: {url: /files/none, internal: ON, status: 307}}
      /moved: {redirect: {url: /new/, internal: ON}}
      /kept: {redirect: {url: /new/, internal: ON, status: 307}}
      /buffered: {proxy.reverse.url: "http://late/"}
upstreams:
  late:
    servers: ["127.0.0.1:1"]
    request_buffer: memory=64k
`,
    { env: { HAYATE_REACTOR: backend } },
  );
}

const bodies: readonly (readonly [name: string, fields: string, body: string])[] = [
  ["a length", `Content-Length: ${smuggled.length}\r\n`, smuggled],
  [
    "chunks",
    "Transfer-Encoding: chunked\r\n",
    `${smuggled.length.toString(16)}\r\n${smuggled}\r\n0\r\n\r\n`,
  ],
  [
    "chunks and trailers",
    "Transfer-Encoding: chunked\r\nTrailer: X-T\r\n",
    `${smuggled.length.toString(16)}\r\n${smuggled}\r\n0\r\nX-T: 1\r\n\r\n`,
  ],
  ["Expect", `Expect: 100-continue\r\nContent-Length: ${smuggled.length}\r\n`, smuggled],
];

/** Method, path, and the status that the page must keep. */
const refusals: readonly (readonly [string, string, number])[] = [
  ["GET", "/files/none", 404],
  ["HEAD", "/files/none", 404],
  ["POST", "/files/none", 404],
  ["POST", "/files/there.txt", 405],
  ["TRACE", "/", 405],
  ["POST", "/dead/x", 502],
  ["POST", "/buffered/x", 502],
  ["POST", "/nowhere", 404],
  ["POST", "/files/%00", 400],
  ["POST", "/deny/404", 404],
  ["PUT", "/deny/500", 500],
];

for (const backend of backends) {
  Deno.test(`${backend}: an error document's request has no body`, async () => {
    await using origin = upstream();
    await using proxy = await start(origin.port, backend);
    await proxy.folder.write("www/there.txt", "there");
    for (const [method, path, status] of refusals) {
      for (const [name, fields, body] of bodies) {
        for (const isLate of [false, true]) {
          const what = `${method} ${path}, ${name}${isLate ? ", late" : ""}`;
          origin.requests.length = 0;
          using client = await proxy.connect();
          const head = `${method} ${path} HTTP/1.1\r\nHost: h\r\n${fields}\r\n`;
          await client.send(isLate ? head : head + body);
          if (isLate) {
            await sleep(20);
            // It may have been answered, and closed, before.
            await client.send(body).catch(() => null);
          }
          let answer = await client.readUntil("\r\n\r\n");
          if (answer.startsWith("HTTP/1.1 100 ")) answer = await client.readUntil("\r\n\r\n");
          assertMatch(answer, new RegExp(`^HTTP/1\\.1 ${status} `), what);
          if (method !== "HEAD") await client.readUntil("GET /errors/page.html");
          const wanted = `${method === "HEAD" ? "HEAD" : "GET"} /errors/page.html`;
          assertEquals(origin.lines.filter((line) => !line.includes(" /deny/")), [wanted], what);
          const page = origin.requests.at(-1)!;
          assertEquals([page.body, /content-length|transfer-enc|expect/i.test(page.head)], [
            "",
            false,
          ], what);
        }
      }
    }
    // The next requests on the kept connections get their own responses.
    for (let i = 0; i < 5; i++) {
      assertEquals(parts(await proxy.get(`/own/${i}`)).body, `GET /own/${i}`);
    }
    assertEquals(origin.faults, []);
    assert(!origin.lines.some((line) => line.includes("smuggled")), origin.lines.join("\n"));
  });

  Deno.test(`${backend}: a body that is too large gets the document for 413 and is not forwarded`, async () => {
    await using origin = upstream();
    await using proxy = await start(origin.port, backend);
    const size = (2000).toString(16);
    for (
      const [fields, body] of [
        ["Content-Length: 2000\r\n", smuggled],
        ["Expect: 100-continue\r\nContent-Length: 2000\r\n", ""],
        ["Transfer-Encoding: chunked\r\n", `${size}\r\n${smuggled.padEnd(2000, "x")}\r\n`],
      ]
    ) {
      const own = origin.requests.length;
      using client = await proxy.connect();
      await client.send(`POST /page HTTP/1.1\r\nHost: h\r\n${fields}\r\n${body}`);
      let answer = await client.readUntil("GET /errors/page.html");
      // No 100 for a body whose announced length is too large (RFC 9110 section 10.1.1).
      if (fields.startsWith("Trans")) answer = answer.replace(/^HTTP\/1.1 100[^]*?\r\n\r\n/, "");
      assertMatch(answer, /^HTTP\/1\.1 413 /, fields);
      assertEquals(origin.requests.slice(own).map(({ target, body }) => target + body), [
        "/errors/page.html",
      ]);
    }
    assertEquals(origin.faults, []);
  });

  Deno.test(`${backend}: an internal redirect keeps method and body only with 307 and 308`, async () => {
    await using origin = upstream();
    await using proxy = await start(origin.port, backend);
    for (const [name, fields, body] of bodies) {
      for (const isLate of [false, true]) {
        origin.requests.length = 0;
        for (const path of ["/moved/a", "/kept/a"]) {
          using client = await proxy.connect();
          const head = `PUT ${path} HTTP/1.1\r\nHost: h\r\nX-Own: 1\r\n${fields}\r\n`;
          await client.send(isLate ? head : head + body);
          if (isLate) {
            await sleep(20);
            await client.send(body).catch(() => null);
          }
          await client.readUntil("/new/a");
        }
        // h2o: 302 (the default) makes it a GET without body, 307 and 308 leave it unchanged.
        assertEquals(origin.requests.map(({ method, target, body }) => [method, target, body]), [
          ["GET", "/new/a", ""],
          ["PUT", "/new/a", smuggled],
        ], name);
        assert(!/content-length|transfer-encoding/i.test(origin.requests[0].head), name);
        assert(origin.requests.every(({ head }) => /x-own: 1/i.test(head)), name);
      }
    }
    assertEquals(origin.faults, []);
  });

  Deno.test(`${backend}: pipelined requests after an error document get their own responses`, async () => {
    await using origin = upstream();
    await using proxy = await start(origin.port, backend);
    using client = await proxy.connect();
    const length = `Content-Length: ${smuggled.length}\r\n`;
    await client.send(
      `POST /files/none HTTP/1.1\r\nHost: h\r\n${length}\r\n${smuggled}` +
        `POST /b HTTP/1.1\r\nHost: h\r\n${length}\r\n${smuggled}` +
        "GET /c HTTP/1.1\r\nHost: h\r\n\r\n",
    );
    assertMatch(await client.readUntil("GET /errors/page.html"), /^HTTP\/1\.1 404 /);
    assertMatch(await client.readUntil("POST /b"), /^HTTP\/1\.1 200 /);
    assertMatch(await client.readUntil("GET /c"), /^HTTP\/1\.1 200 /);
    assertEquals(origin.lines, ["GET /errors/page.html", "POST /b", "GET /c"]);
    assertEquals(origin.requests[1].body, smuggled);
    assertEquals(origin.faults, []);
  });
}

Deno.test("An error document does not bind its client to another peer of a sticky upstream", async () => {
  await using origin = upstream();
  await using proxy = await TestProxy.start(`listen: {port: PORT, host: 127.0.0.1}
error-doc: {status: 404, url: /errors/page.html}
hosts:
  default:
    paths:
      /: {proxy.reverse.url: "http://app"}
      /files: {file.dir: DIR/www}
upstreams:
  app:
    servers: ["127.0.0.1:${origin.port} route=a", "127.0.0.1:${origin.port} route=b"]
    sticky: cookie srv
`);
  assertMatch(await proxy.get("/page"), /^set-cookie: srv=/im);
  assert(!/set-cookie/i.test(await proxy.get("/files/none", "Cookie: srv=a\r\n")));
});
