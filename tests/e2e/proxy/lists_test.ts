/**
 * Several URLs in one `proxy.reverse.url`: each is a peer with its own scheme, Host and base path, as
 * h2o 2.3 has it (on_connect in lib/core/proxy.c takes all three from the target that was chosen, and
 * matches Location with it). Debian's h2o 2.2.5 takes one URL for a path: it shows what each is sent.
 */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { libssl } from "../../../mod/sys/libssl.ts";
import { writeSelfSigned } from "../../../mod/tls/self_signed.ts";
import { Child, runHayate } from "../../support/binary.ts";
import { peerPath, peerTest } from "../../support/peers.ts";
import { freePort, tempFolder } from "../../support/ports.ts";
import { rawExchange, tcp } from "../../support/raw_socket.ts";
import { response, ScriptedUpstream, TestProxy, type UpstreamScript } from "../../support/proxy.ts";

// Loaded here, so that libraries that stay open do not count as a leak of a single test.
libssl();

/** A config with one path below which requests go to `urls`. */
function config(prefix: string, urls: string, more: readonly string[] = []): string {
  return `listen: {port: PORT, host: 127.0.0.1}
proxy.ssl.verify-peer: OFF
hosts:
  default:
    paths:
      ${prefix}:
        proxy.reverse.url: ${urls}
${more.map((line) => `        ${line}`).join("\n")}
`;
}

/** The request line and the Host of a head. */
function sent(head: string): string[] {
  return [head.split("\r\n")[0], /^host: (.*)\r$/im.exec(head)?.[1] ?? "no Host"];
}

function locationOf(answer: string): string | undefined {
  return /^location: (.*)\r$/im.exec(answer)?.[1];
}

/** Answers the Location that the last segment of the request names. */
function redirecting(locations: Readonly<Record<string, string>>): UpstreamScript {
  return async (peer) => {
    for (;;) {
      const head = await peer.readHead();
      if (head === null) return;
      const [, name = ""] = /([a-z]+)(?:\?\S*)? HTTP/.exec(head) ?? [];
      const location = (locations[name] ?? "/none").replaceAll("PORT", `${portOf(head)}`);
      await peer.send(response("", `Location: ${location}\r\n`, "302 Found"));
    }
  };
}

function portOf(head: string): string {
  return /^host: .*:(\d+)\r$/im.exec(head)?.[1] ?? "";
}

const locations = {
  below: "http://127.0.0.1:PORT/x/y/z?q#f",
  base: "http://127.0.0.1:PORT/x/",
  other: "http://127.0.0.1:PORT/v2/a",
  foreign: "http://elsewhere.test/x/y",
  secure: "https://127.0.0.1:PORT/x/y",
};

peerTest("h2o", "Each URL of a list gets what h2o sends to a single URL", async () => {
  await using folder = await tempFolder();
  const files = [`${folder.path}/u.crt`, `${folder.path}/u.key`] as const;
  writeSelfSigned(["127.0.0.1"], ...files);
  const [cert, key] = files.map((file) => Deno.readTextFileSync(file));
  await Deno.chmod(folder.path, 0o755);
  const plain = { script: redirecting(locations), start: ScriptedUpstream.start };
  const paths = [
    "/app/below?a=1",
    "/app/base",
    "/app/other",
    "/app/foreign",
    "/app/secure",
    "/app",
  ];
  for (const prefix of ["/app", "/app/"]) {
    await using first = plain.start(plain.script);
    await using second = plain.start(plain.script);
    await using third = ScriptedUpstream.startTls(plain.script, cert, key);
    const upstreams = [first, second, third];
    const urls = [
      `http://127.0.0.1:${first.port}/x/`,
      `http://127.0.0.1:${second.port}/v2`,
      `https://127.0.0.1:${third.port}/x`,
    ];
    const theirs = new Map<string, unknown>();
    for (const [index, url] of urls.entries()) {
      const port = freePort();
      const file = await folder.write("h.conf", config(prefix, url).replace("PORT", `${port}`));
      await using h2o = new Child(peerPath("h2o"), ["-c", file]);
      await h2o.waitForSocket(tcp(port));
      for (const path of paths) {
        const heads = upstreams[index].heads;
        const before = heads.length;
        const answer = await rawExchange(tcp(port), get(path), { idleMs: 5000 });
        theirs.set(`${index} ${path}`, [heads.slice(before).map(sent), locationOf(answer)]);
      }
    }
    await using proxy = await TestProxy.start(config(prefix, JSON.stringify(urls)));
    const ours = new Map<string, unknown>();
    for (const path of paths) {
      // Round robin: each URL in turn.
      for (let turn = 0; turn < urls.length; turn++) {
        const before = upstreams.map(({ heads }) => heads.length);
        const answer = await proxy.exchange(get(path));
        // A path outside `/app/` reaches no upstream, as with h2o.
        const asked = upstreams.findIndex(({ heads }, index) => heads.length > before[index]);
        const index = asked < 0 ? turn : asked;
        const heads = upstreams[index].heads.slice(before[index]);
        ours.set(`${index} ${path}`, [heads.map(sent), locationOf(answer)]);
      }
    }
    assertEquals(new Map([...ours].toSorted()), new Map([...theirs].toSorted()), prefix);
  }
});

function get(path: string): string {
  return `GET ${path} HTTP/1.1\r\nHost: c.test\r\nConnection: close\r\n\r\n`;
}

for (const backend of ["epoll", "portable"]) {
  Deno.test(`A retry is rewritten for its own URL (${backend})`, async () => {
    await using folder = await tempFolder();
    const files = [`${folder.path}/u.crt`, `${folder.path}/u.key`] as const;
    writeSelfSigned(["127.0.0.1"], ...files);
    const [cert, key] = files.map((file) => Deno.readTextFileSync(file));
    const fails: UpstreamScript = async (peer) => void await peer.readHead();
    await using broken = ScriptedUpstream.start(fails);
    await using whole = ScriptedUpstream.startTls(
      redirecting({ below: "http://127.0.0.1:PORT/b/c" }),
      cert,
      key,
    );
    const urls = [`http://127.0.0.1:${broken.port}/a/`, `https://127.0.0.1:${whole.port}/b/`];
    await using proxy = await TestProxy.start(config("/", JSON.stringify(urls)), {
      env: { HAYATE_REACTOR: backend },
    });
    const answer = await proxy.exchange(
      "PUT /x/below?q=1 HTTP/1.1\r\nHost: c.test\r\nContent-Length: 3\r\nConnection: close\r\n\r\nabc",
    );
    assertEquals(locationOf(answer), "http://c.test/c");
    assertEquals(broken.heads.map(sent), [
      ["PUT /a/x/below?q=1 HTTP/1.1", `127.0.0.1:${broken.port}`],
    ]);
    assertEquals(whole.heads.map(sent), [
      ["PUT /b/x/below?q=1 HTTP/1.1", `127.0.0.1:${whole.port}`],
    ]);
    // Both get the client's fields and hayate's.
    assertEquals(fieldsOf(whole.heads[0]), fieldsOf(broken.heads[0]));
    assertStringIncludes(whole.heads[0], "x-forwarded-for: 127.0.0.1\r\n");
  });
}

function fieldsOf(head: string): string[] {
  return head.split("\r\n").slice(1).filter((line) => !/^host:/i.test(line));
}

Deno.test("proxy.preserve-host keeps the client's Host for every URL", async () => {
  const script = redirecting({});
  await using first = ScriptedUpstream.start(script);
  await using second = ScriptedUpstream.start(script);
  const urls = [first, second].map(({ port }, index) => `http://127.0.0.1:${port}/${index}`);
  await using proxy = await TestProxy.start(
    config("/", JSON.stringify(urls), ["proxy.preserve-host: ON"]),
  );
  await proxy.exchange(get("/p"));
  await proxy.exchange(get("/p"));
  assertEquals([...first.heads, ...second.heads].map(sent).toSorted(), [
    ["GET /0/p HTTP/1.1", "c.test"],
    ["GET /1/p HTTP/1.1", "c.test"],
  ]);
});

Deno.test("Workers know each URL's scheme and path, too", async () => {
  const script = redirecting({});
  await using first = ScriptedUpstream.start(script);
  await using second = ScriptedUpstream.start(script);
  const urls = [first, second].map(({ port }, index) => `http://127.0.0.1:${port}/${index}/`);
  await using proxy = await TestProxy.start(
    `num-threads: 2\n${config("/", JSON.stringify(urls))}`,
  );
  for (let i = 0; i < 8; i++) await proxy.exchange(get("/p"));
  const seen = new Set([...first.heads, ...second.heads].map((head) => sent(head).join(" ")));
  assertEquals([...seen].toSorted(), [
    `GET /0/p HTTP/1.1 127.0.0.1:${first.port}`,
    `GET /1/p HTTP/1.1 127.0.0.1:${second.port}`,
  ]);
});

Deno.test("An entry of upstreams is refused in a list, as it is a list itself", async () => {
  await using folder = await tempFolder();
  for (
    const urls of [`["http://app/", "http://127.0.0.1:1/"]`, `["http://[::1]:1/", "http://app/"]`]
  ) {
    const file = await folder.write(
      "h.conf",
      `upstreams: {app: {servers: ["127.0.0.1:1"]}}\n${config("/", urls).replace("PORT", "1")}`,
    );
    const { code, stderr } = await runHayate(["proxy", "-t", "-c", file]);
    assertEquals(code, 78);
    assertStringIncludes(
      stderr,
      "proxy.reverse.url: app is an entry of upstreams and cannot be one of several URLs; " +
        "allowed: it alone",
    );
  }
});
