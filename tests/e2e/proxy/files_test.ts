/** Static files, redirects, error documents and access logs. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import {
  always,
  fieldLines,
  parts,
  response,
  ScriptedUpstream,
  TestProxy,
} from "../../support/proxy.ts";
import { RawConnection } from "../../support/raw_socket.ts";

Deno.test("file.dir serves files, indexes, listings and types of its own", async () => {
  await using proxy = await TestProxy.start(`listen: {port: PORT, host: 127.0.0.1}
hosts:
  default:
    paths:
      /:
        file.dir: DIR/root
        file.mime.addtypes: {"text/odd": .odd}
      /list/:
        file.dir: DIR/root/sub
        file.dirlisting: ON
      /one: {file.file: DIR/root/a.odd}
`);
  await proxy.folder.write("root/index.html", "<p>home</p>");
  await proxy.folder.write("root/a.odd", "odd");
  await proxy.folder.write("root/sub/b c.txt", "text");
  await proxy.folder.write("secret.txt", "secret");
  const home = parts(await proxy.get("/"));
  assertEquals([home.status, home.body], [200, "<p>home</p>"]);
  assert(fieldLines(home.head).some((line) => line.startsWith("content-type: text/html")));
  const odd = parts(await proxy.get("/a.odd"));
  assertEquals(odd.body, "odd");
  assert(fieldLines(odd.head).includes("content-type: text/odd"), odd.head);
  assertEquals(parts(await proxy.get("/one")).body, "odd");
  assertEquals(parts(await proxy.get("/sub/b%20c.txt")).body, "text");
  assertEquals(parts(await proxy.get("/nothing")).status, 404);
  // h2o does not serve a folder without an index: 404, or the next handler's response.
  assertEquals(parts(await proxy.get("/sub/")).status, 404);
  const folder = parts(await proxy.get("/sub?q"));
  assertEquals(folder.status, 301);
  assert(fieldLines(folder.head).includes("location: /sub/?q"), folder.head);
  assertMatch(parts(await proxy.get("/list/")).body, /b c\.txt/);
  assertEquals(parts(await proxy.get("/list")).status, 404);
  for (const path of ["/../secret.txt", "/%2e%2e/secret.txt", "/sub/..%2f..%2fsecret.txt"]) {
    const { body } = parts(await proxy.get(path));
    assertEquals(body.includes("secret"), false, path);
  }
});

Deno.test("A sequence of handlers continues when the folder lacks the file", async () => {
  await using upstream = ScriptedUpstream.start(always(response("dynamic")));
  await using proxy = await TestProxy.start(`listen: {port: PORT, host: 127.0.0.1}
hosts:
  default:
    paths:
      /:
        - file.dir: DIR/root
        - proxy.reverse.url: "http://127.0.0.1:${upstream.port}/"
`);
  await proxy.folder.write("root/a.txt", "static");
  assertEquals(parts(await proxy.get("/a.txt")).body, "static");
  assertEquals(parts(await proxy.get("/b.txt")).body, "dynamic");
});

Deno.test("redirect appends the rest of the path, internally without a response to the client", async () => {
  await using proxy = await TestProxy.start(`listen: {port: PORT, host: 127.0.0.1}
hosts:
  default:
    paths:
      /files: {file.dir: DIR/root}
      /old/: {redirect: "http://new.example/base/"}
      /moved: {redirect: {url: "/files", status: 308}}
      /inside: {redirect: {url: "/files", internal: ON}}
      /loop: {redirect: {url: "/loop", internal: ON}}
`);
  await proxy.folder.write("root/a.txt", "static");
  const old = parts(await proxy.get("/old/x/y?z"));
  assertEquals(old.status, 302);
  assert(fieldLines(old.head).includes("location: http://new.example/base/x/y?z"), old.head);
  assertEquals(parts(await proxy.get("/moved/a.txt")).status, 308);
  assertEquals(parts(await proxy.get("/inside/a.txt")).body, "static");
  assertEquals(parts(await proxy.get("/loop/a.txt")).status, 502);
});

Deno.test("status: ON shows numbers as a page and as JSON", async () => {
  await using proxy = await TestProxy.start(`listen: {port: PORT, host: 127.0.0.1}
hosts: {default: {paths: {/s: {status: ON}}}}
`);
  await proxy.get("/none");
  const page = parts(await proxy.get("/s"));
  assertEquals(page.status, 200);
  assertMatch(page.body, /<dt>num-requests<\/dt><dd>2<\/dd>/);
  const json = JSON.parse(parts(await proxy.get("/s/json")).body);
  assertEquals([json["num-requests"], json["responses.4xx"], json.connections], [3, 1, 1]);
  assertEquals(parts(await proxy.get("/s/other")).status, 404);
});

Deno.test("error-doc sends its document with the error's status", async () => {
  await using proxy = await TestProxy.start(`listen: {port: PORT, host: 127.0.0.1}
error-doc:
  - {status: 404, url: /errors/404.html}
  - {status: [502, 504], url: /errors/none.html}
hosts:
  default:
    paths:
      /errors: {file.dir: DIR/errors}
      /root: {file.dir: DIR/root}
      /up: {proxy.reverse.url: "http://127.0.0.1:1/"}
`);
  await proxy.folder.write("errors/404.html", "<p>not here</p>");
  const missing = parts(await proxy.get("/root/nothing"));
  assertEquals([missing.status, missing.body], [404, "<p>not here</p>"]);
  assert(fieldLines(missing.head).some((line) => line.startsWith("content-type: text/html")));
  // The document is missing: the status stays, and there is no loop.
  assertEquals(parts(await proxy.get("/up/")).status, 502);
  const plain = parts(await proxy.get("/errors/404.html"));
  assertEquals(plain.status, 200);
  // The same request repeatedly on one connection: each is looked up by its own path, not by that
  // of the document sent for the previous one.
  using connection = await RawConnection.open(proxy.address);
  for (let i = 0; i < 5; i++) {
    await connection.send("GET /root/nothing HTTP/1.1\r\nHost: a\r\n\r\n");
    assertMatch(await connection.readUntil("<p>not here</p>"), /^HTTP\/1\.1 404 /);
  }
});

Deno.test("access-log writes h2o's line for every kind of response", async () => {
  await using upstream = ScriptedUpstream.start(always(response("hello")));
  await using proxy = await TestProxy.start(`listen: {port: PORT, host: 127.0.0.1}
access-log: {path: DIR/access.log, format: '%h "%r" %s %b %V "%{User-Agent}i"'}
hosts:
  default:
    access-log: {path: DIR/host.log, format: "%s"}
    paths:
      /up: {proxy.reverse.url: "http://127.0.0.1:${upstream.port}/"}
      /bad: {proxy.reverse.url: "http://127.0.0.1:1/"}
      /to: {redirect: /up}
      /files: {file.dir: DIR}
`);
  for (const path of ["/up/a", "/bad", "/to", "/files/h2o.conf", "/none"]) {
    await proxy.get(path, 'User-Agent: te"st\r\n');
  }
  await proxy.child.stop();
  const lines = (await Deno.readTextFile(`${proxy.folder.path}/access.log`)).trimEnd().split("\n");
  assertEquals(lines.length, 5, lines.join("\n"));
  assertMatch(lines[0], /^127.0.0.1 "GET \/up\/a HTTP\/1.1" 200 5 h "te\\x22st"$/);
  assertMatch(lines[1], /"GET \/bad HTTP\/1.1" 502 /);
  assertMatch(lines[2], /"GET \/to HTTP\/1.1" 302 /);
  assertMatch(lines[3], /"GET \/files\/h2o.conf HTTP\/1.1" 200 /);
  assertMatch(lines[4], /"GET \/none HTTP\/1.1" 404 /);
  const host = await Deno.readTextFile(`${proxy.folder.path}/host.log`);
  assertEquals(host, "200\n502\n302\n200\n404\n");
});

Deno.test("access-log through a command gets every line", async () => {
  await using proxy = await TestProxy.start(`listen: {port: PORT, host: 127.0.0.1}
access-log: {path: "| cat > DIR/piped.log", format: "%U"}
hosts: {default: {paths: {/: {redirect: /x}}}}
`);
  for (let i = 0; i < 5; i++) await proxy.get(`/${i}`);
  await proxy.child.stop();
  const lines = await Deno.readTextFile(`${proxy.folder.path}/piped.log`);
  assertEquals(lines, "/0\n/1\n/2\n/3\n/4\n");
});
