/** Requests refused before they reach a handler are in the access log, as with nginx. */
import { assertEquals } from "@std/assert";
import { RawConnection, tcp } from "../../support/raw_socket.ts";
import { always, response, ScriptedUpstream, TestProxy } from "../../support/proxy.ts";
import { backends, eachBackend, startServe } from "../../support/serve.ts";

const format = "%r|%s|%b|%h|%{error}x";

/** What is sent, and the line's request and status. nginx escapes bytes as \xXX, too. */
const rows: [sent: string, request: string, status: number][] = [
  ["GET /a HTTP/1.1\r\nHost: x\r\nContent-Length: abc\r\n\r\n", "GET /a HTTP/1.1", 400],
  ["GET /b HTTP/1.1\r\n\r\n", "GET /b HTTP/1.1", 400],
  ["GET /c HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", "GET /c HTTP/1.1", 400],
  ["GET /d HTTP/3.7\r\nHost: x\r\n\r\n", "GET /d HTTP/3.7", 505],
  ["\x16\x03\x01\x02\r\n\r\n", "\\x16\\x03\\x01\\x02", 400],
  ["nonsense\r\n\r\n", "nonsense", 400],
  ["GET /e HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: odd\r\n\r\n", "GET /e HTTP/1.1", 501],
  [`GET /f HTTP/1.1\r\nHost: x\r\nX: ${"y".repeat(70_000)}\r\n\r\n`, "GET /f HTTP/1.1", 431],
  [
    "POST /g HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    "POST /g HTTP/1.1",
    400,
  ],
];

const readingApp = "export default { fetch: async (r) => new Response(await r.text()) };";

/** Sends each row on a connection of its own. */
async function sendAll(port: number): Promise<string[]> {
  const expected: string[] = [];
  for (const [sent, request, status] of rows) {
    using connection = await RawConnection.open(tcp(port));
    await connection.send(sent);
    const head = await connection.readUntil("\r\n\r\n");
    assertEquals(head.slice(9, 12), String(status), request);
    expected.push(`${request}|${status}`);
  }
  return expected;
}

/** Request and status of each line; its other fields must be there. */
function readLines(path: string): string[] {
  return Deno.readTextFileSync(path).trimEnd().split("\n").map((line) => {
    const [request, status, bytes, host, error] = line.split("|");
    assertEquals([host, /^\d+$/.test(bytes), error !== "-"], ["127.0.0.1", true, true], line);
    return `${request}|${status}`;
  });
}

eachBackend("serve logs refused requests", async (backend) => {
  await using served = await startServe({
    args: ["--access-log", "@access.log", "--access-log-format", format, "@app.js"],
    files: { "app.js": readingApp },
    backend,
  });
  const expected = await sendAll(served.port);
  await served.child.stop();
  assertEquals(readLines(`${served.folder.path}/access.log`), expected);
});

eachBackend("serve logs a request that does not arrive in time as 408", async (backend) => {
  const timeouts = ["--head-timeout", "300ms", "--body-timeout", "300ms"];
  await using served = await startServe({
    args: [...timeouts, "--access-log", "@access.log", "--access-log-format", format, "@app.js"],
    files: { "app.js": readingApp },
    backend,
  });
  for (
    const part of [
      "GET /a HTTP/1.1\r\nHo",
      "POST /b HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\na",
    ]
  ) {
    using connection = await RawConnection.open(tcp(served.port));
    await connection.send(part);
    await connection.readUntil("408 Request Timeout\n");
  }
  await served.child.stop();
  const lines = readLines(`${served.folder.path}/access.log`);
  assertEquals(lines, ["GET /a HTTP/1.1|408", "POST /b HTTP/1.1|408"]);
});

for (const backend of backends) {
  Deno.test(`proxy logs refused requests in its default host's log (${backend})`, async () => {
    await using upstream = ScriptedUpstream.start(always(response("x")));
    await using proxy = await TestProxy.start(
      `listen: {port: PORT, host: 127.0.0.1}
hosts:
  default:
    access-log: {path: DIR/access.log, format: '${format}'}
    paths:
      /: {proxy.reverse.url: "http://127.0.0.1:${upstream.port}/"}
`,
      { env: { HAYATE_REACTOR: backend } },
    );
    const { port } = proxy.address as { port: number };
    const expected = await sendAll(port);
    await proxy.child.stop();
    assertEquals(readLines(`${proxy.folder.path}/access.log`), expected);
  });
}
