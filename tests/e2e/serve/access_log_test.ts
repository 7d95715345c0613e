/** The access log of hayate serve. */
import { assertEquals, assertMatch } from "@std/assert";
import { rawExchange, tcp } from "../../support/raw_socket.ts";
import { appWith, eachBackend, startServe } from "../../support/serve.ts";

const request = "GET /a?b=1 HTTP/1.1\r\nHost: h.test\r\nUser-Agent: ua\r\nReferer: ref\r\n" +
  "Connection: close\r\n\r\n";

async function lineOf(path: string, done: () => Promise<unknown>): Promise<string> {
  await done();
  return await Deno.readTextFile(path);
}

eachBackend("the combined format is written to a file", async (backend) => {
  await using served = await startServe({
    args: ["--access-log", "@access.log", "--text", "hello"],
    backend,
  });
  await rawExchange(tcp(served.port), request);
  const path = `${served.folder.path}/access.log`;
  const text = await lineOf(path, () => served.child.stop());
  assertMatch(
    text,
    /^127\.0\.0\.1 - - \[\d\d\/\w{3}\/\d{4}:[\d:]{8} [+-]\d{4}\] "GET \/a\?b=1 HTTP\/1\.1" 200 5 "ref" "ua"\n$/,
  );
});

Deno.test("JSON, LTSV and format strings are written, one line per request", async () => {
  const rows: [format: string, pattern: RegExp][] = [
    [
      "json",
      /^\{"time":".*"remote":"127\.0\.0\.1","method":"GET","target":"\/a\?b=1".*"status":200/,
    ],
    ["ltsv", /^time:.*\thost:127\.0\.0\.1\tmethod:GET\turi:\/a\?b=1\t.*\tstatus:200\tsize:5\t/],
    ["%m %U %q %s %b %{host}i %{duration}x", /^GET \/a \?b=1 200 5 h\.test [\d.]+\n$/],
  ];
  for (const [format, pattern] of rows) {
    await using served = await startServe({
      args: ["--access-log", "@access.log", "--access-log-format", format, "--text", "hello"],
    });
    await rawExchange(tcp(served.port), request);
    await served.child.stop();
    assertMatch(await Deno.readTextFile(`${served.folder.path}/access.log`), pattern);
  }
});

Deno.test("a command gets the lines on its standard input", async () => {
  await using served = await startServe({
    args: ["--access-log", "| cat > $OUT", "--access-log-format", "%m %s", "--text", "x"],
    env: { OUT: "/dev/stderr" },
  });
  await rawExchange(tcp(served.port), request);
  await served.child.stop();
  assertMatch(served.child.stderr, /^GET 200$/m);
});

Deno.test("answers of an app, their sizes and their failures are logged", async () => {
  await using served = await startServe({
    args: ["--access-log", "@access.log", "--access-log-format", "%U %s %b %{error}x", "@app.js"],
    files: {
      "app.js": appWith(`async (request) => {
        const { pathname } = new URL(request.url);
        if (pathname === "/throw") throw new Error("x");
        if (pathname === "/cut") return new Response(new ReadableStream({
          async pull(controller) {
            await new Promise((resolve) => setTimeout(resolve, 20));
            controller.error(new Error("x"));
          } }));
        if (pathname === "/stream") return new Response(new Response("12345").body);
        return new Response(await request.text());
      }`),
    },
  });
  await (await fetch(`${served.url}/echo`, { method: "POST", body: "abc" })).text();
  await (await fetch(`${served.url}/stream`)).text();
  await (await fetch(`${served.url}/throw`)).text();
  await rawExchange(tcp(served.port), "GET /cut HTTP/1.1\r\nHost: x\r\n\r\n");
  await served.child.stop();
  const lines = (await Deno.readTextFile(`${served.folder.path}/access.log`)).trimEnd().split("\n");
  assertEquals(lines.slice(0, 3), ["/echo 200 3 ", "/stream 200 5 ", "/throw 500 26 "]);
  assertMatch(lines[3], /^\/cut 200 0 response cut off$/);
});

eachBackend("fields of the response are logged, regardless of its origin", async (backend) => {
  const format = "%U %s %{content-type}o|%{X-A}o|%{set-cookie}o|%{location}o";
  await using served = await startServe({
    args: ["--access-log", "@access.log", "--access-log-format", format, "@app.js"],
    files: {
      "app.js": appWith(`(request) => {
        const { pathname } = new URL(request.url);
        if (pathname === "/to") return Response.redirect("http://new.test/", 302);
        if (pathname === "/throw") throw new Error("x");
        const headers = new Headers({ "x-a": "1", "content-type": "a/b" });
        headers.append("set-cookie", "a=1");
        headers.append("set-cookie", "b=2");
        return new Response("x", { headers });
      }`),
    },
    backend,
  });
  for (const path of ["/", "/to", "/throw"]) {
    const plain = `GET ${path} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n`;
    await rawExchange(tcp(served.port), plain);
  }
  await served.child.stop();
  const text = await Deno.readTextFile(`${served.folder.path}/access.log`);
  assertEquals(text.split("\n"), [
    "/ 200 a/b|1|a=1, b=2|-",
    "/to 302 -|-|-|http://new.test/",
    "/throw 500 text/plain; charset=utf-8|-|-|-",
    "",
  ]);
});

Deno.test("fields and phases of files and fixed answers are logged", async () => {
  const phases = ["connect", "request-header", "request-body", "process", "response", "total"];
  const format = `%U %s %{content-type}o %{etag}o|${
    phases.map((name) => `%{${name}-time}x`).join(" ")
  }|%{response-header-bytes}x`;
  const rows: [string[], string, RegExp][] = [
    [["@"], "/a.css", /^\/a\.css 200 text\/css; charset=UTF-8 \\x22\S+\\x22\|/],
    [["@"], "/none", /^\/none 404 text\/plain; charset=utf-8 -\|/],
    [["--text", "hello"], "/", /^\/ 200 text\/plain; charset=utf-8 -\|/],
  ];
  for (const [what, path, pattern] of rows) {
    await using served = await startServe({
      args: ["--access-log", "@access.log", "--access-log-format", format, ...what],
      files: { "a.css": "body {}" },
    });
    const asked = `GET ${path} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n`;
    const answer = await rawExchange(tcp(served.port), asked);
    await served.child.stop();
    const line = await Deno.readTextFile(`${served.folder.path}/access.log`);
    assertMatch(line, pattern);
    assertMatch(line, /\|(\d+(\.\d{6})? ?){6}\|\d+\n$/);
    assertEquals(Number(line.trimEnd().split("|")[2]), answer.indexOf("\r\n\r\n") + 4);
  }
});

Deno.test("USR1 reopens the file in every worker", async () => {
  await using served = await startServe({
    args: [
      "--workers",
      "2",
      "--access-log",
      "@access.log",
      "--access-log-format",
      "%U",
      "--text",
      "x",
    ],
  });
  const path = `${served.folder.path}/access.log`;
  for (let i = 0; i < 10; i++) await rawExchange(tcp(served.port), request);
  await served.child.waitUntil("ten lines", async () => {
    return (await Deno.readTextFile(path)).split("\n").length === 11 ? true : null;
  });
  await Deno.rename(path, `${path}.old`);
  served.child.kill("SIGUSR1");
  await served.child.waitUntil("a new file", () => Deno.stat(path).then(() => true, () => null));
  await served.child.waitUntil("a line in it", async () => {
    await rawExchange(tcp(served.port), request);
    return (await Deno.readTextFile(path)).includes("/a\n") ? true : null;
  });
});
