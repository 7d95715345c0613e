/** hayate serve behind proxies that forward the client's address, scheme and host. */
import { assertEquals, assertMatch } from "@std/assert";
import { runHayate } from "../../support/binary.ts";
import { rawExchange, tcp, unix } from "../../support/raw_socket.ts";
import { appWith, eachBackend, type Served, startServe } from "../../support/serve.ts";

const app = appWith(`(request, info) => new Response([
  info.remoteAddr.hostname, info.remoteAddr.port, info.peerAddr.hostname ?? info.peerAddr.path,
  info.scheme, info.host, request.url, request.headers.get("host"),
].join(" "))`);

async function ask(served: Served, fields: string): Promise<string> {
  const request = `GET /p HTTP/1.1\r\nHost: own:1\r\n${fields}Connection: close\r\n\r\n`;
  return (await rawExchange(tcp(served.port), request)).split("\r\n\r\n")[1];
}

const own = (rest: string) => `${rest} own:1`;

/** Fields of a request -> what the app is told, when 127.0.0.1 and 10.0.0.0/8 are trusted. */
const believed: [fields: string, expected: string][] = [
  [
    "X-Forwarded-For: 192.0.2.1\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: www.example\r\n",
    "192.0.2.1 0 127.0.0.1 https www.example https://www.example/p own:1",
  ],
  // The client has sent the first, the proxy has added the second.
  [
    "X-Forwarded-For: 6.6.6.6, 192.0.2.1\r\n",
    own("192.0.2.1 0 127.0.0.1 http own:1 http://own:1/p"),
  ],
  [
    "X-Forwarded-For: 6.6.6.6\r\nX-Forwarded-For: 192.0.2.1, 10.0.0.9\r\n",
    own("192.0.2.1 0 127.0.0.1 http own:1 http://own:1/p"),
  ],
  [
    "X-Forwarded-Proto: https, http\r\nX-Forwarded-Host: evil.example, www.example\r\n" +
    "X-Forwarded-For: 6.6.6.6, 192.0.2.1\r\n",
    "192.0.2.1 0 127.0.0.1 http www.example http://www.example/p own:1",
  ],
  [
    "X-Forwarded-For: 6.6.6.6, 192.0.2.1, 10.0.0.9\r\nX-Forwarded-Proto: http, https, http\r\n",
    own("192.0.2.1 0 127.0.0.1 https own:1 https://own:1/p"),
  ],
  // Nothing but what is well-formed.
  ["X-Forwarded-For: unknown\r\n", own("127.0.0.1 PORT 127.0.0.1 http own:1 http://own:1/p")],
  [
    "X-Forwarded-Host: a@evil.example\r\nX-Forwarded-Proto: ftp\r\n",
    own("127.0.0.1 PORT 127.0.0.1 http own:1 http://own:1/p"),
  ],
  [
    "X-Forwarded-Host: evil.example/x?\r\nX-Forwarded-For: [2001:db8::1]:99\r\n",
    own("2001:db8::1 99 127.0.0.1 http own:1 http://own:1/p"),
  ],
  // The field that is not configured is the client's.
  [
    "Forwarded: for=6.6.6.6;proto=https;host=evil.example\r\n",
    own(
      "127.0.0.1 PORT 127.0.0.1 http own:1 http://own:1/p",
    ),
  ],
  ["X_Forwarded_For: 6.6.6.6\r\n", own("127.0.0.1 PORT 127.0.0.1 http own:1 http://own:1/p")],
];

eachBackend("--trust-proxy believes what the proxy has added", async (backend) => {
  await using served = await startServe({
    args: ["--trust-proxy", "127.0.0.1,10.0.0.0/8", "--access-log", "@log", "@app.ts"]
      .concat("--access-log-format", "%h %V %s"),
    backend,
    files: { "app.ts": app },
  });
  for (const [fields, expected] of believed) {
    const answer = await ask(served, fields);
    const pattern = expected.replace(/[.[\]?]/g, "\\$&").replace("PORT", "[1-9]\\d*");
    assertMatch(answer, new RegExp(`^${pattern}$`), fields);
  }
  await served.child.waitUntil("the log", async () => {
    const lines = (await Deno.readTextFile(`${served.folder.path}/log`)).trim().split("\n");
    return lines.length < believed.length ? null : lines;
  });
  const lines = (await Deno.readTextFile(`${served.folder.path}/log`)).split("\n");
  assertEquals(lines.slice(0, 2), ["192.0.2.1 www.example 200", "192.0.2.1 own:1 200"]);
});

eachBackend("without --trust-proxy, or from other peers, nothing is believed", async (backend) => {
  for (const flags of [[], ["--trust-proxy", "10.0.0.0/8,::1,unix:"]]) {
    await using served = await startServe({
      args: [...flags, "@app.ts"],
      backend,
      files: { "app.ts": app },
    });
    for (const [fields] of believed) {
      assertMatch(await ask(served, fields), /^127\.0\.0\.1 \d+ 127\.0\.0\.1 http own:1 http:/);
    }
  }
});

eachBackend("--trust-proxy-field forwarded reads RFC 7239 and nothing else", async (backend) => {
  await using served = await startServe({
    args: ["--trust-proxy", "127.0.0.1", "--trust-proxy-field", "forwarded", "@app.ts"],
    backend,
    files: { "app.ts": app },
  });
  const cases: [fields: string, expected: string][] = [
    [
      'Forwarded: for=6.6.6.6;host=evil.example, For="[2001:db8::1]:5";Proto=https;host="a.example:8"\r\n',
      "2001:db8::1 5 127.0.0.1 https a.example:8 https://a.example:8/p own:1",
    ],
    ["Forwarded: for=192.0.2.1\r\n", own("192.0.2.1 0 127.0.0.1 http own:1 http://own:1/p")],
  ];
  for (const [fields, expected] of cases) assertEquals(await ask(served, fields), expected);
  assertMatch(await ask(served, believed[0][0]), /^127\.0\.0\.1 \d+ /);
});

Deno.test("--trust-proxy: a proxy on a unix socket, and sites of a forwarded host", async () => {
  await using served = await startServe({
    args: [
      ...["--trust-proxy", "unix:,127.0.0.1", "--security-headers", "--path", "@s"],
      ...["--site", "www.example=@www"],
    ],
    files: {
      "www/index.html": "www",
      "www/_redirects": "http://www.example/* https://www.example/:splat 301!\n",
    },
  });
  const fields = "X-Forwarded-For: 192.0.2.1\r\nX-Forwarded-Host: www.example\r\n";
  for (const where of [unix(`${served.folder.path}/s`), tcp(served.port)]) {
    const get = (more: string) =>
      rawExchange(where, `GET / HTTP/1.1\r\nHost: x\r\n${fields}${more}Connection: close\r\n\r\n`);
    assertMatch(await get(""), /^HTTP\/1\.1 301 .*\r\nLocation: https:\/\/www\.example\/\r\n/s);
    const secure = await get("X-Forwarded-Proto: https\r\n");
    assertMatch(secure, /^HTTP\/1\.1 200 .*\r\nStrict-Transport-Security: .*\r\n\r\nwww$/s);
  }
});

Deno.test("--trust-proxy refuses what is no address", async () => {
  for (const value of ["", "10.0.0.0/33", "proxy.example", "10.0.0.1,,::1"]) {
    const { code, stderr } = await runHayate(["serve", "--trust-proxy", value, "--text", "x"]);
    assertEquals(code, 2);
    assertMatch(stderr, /--trust-proxy .*is not an IP address, a block such as 10\.0\.0\.0\/8/);
  }
});
