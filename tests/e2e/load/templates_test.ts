/** `hayate load --template` against a server that keeps what it got. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { libssl } from "../../../mod/sys/libssl.ts";
import { writeSelfSigned } from "../../../mod/tls/self_signed.ts";
import { runHayate } from "../../support/binary.ts";
import { tempFolder } from "../../support/ports.ts";

// Loaded here, so that libraries that stay open do not count as a leak of a single test.
libssl();

interface Got {
  readonly method: string;
  readonly path: string;
  readonly host: string;
  readonly field: string | null;
  readonly body: string;
}

/** A server of HTTP/1.1 and HTTP/2, over TLS with a certificate. */
function keeping(all: Got[], tls: { cert: string; key: string } | null = null) {
  const options = { hostname: "127.0.0.1", port: 0, onListen: () => {}, ...tls };
  return Deno.serve(options, async (request) => {
    const { pathname, search, host } = new URL(request.url);
    all.push({
      method: request.method,
      path: pathname + search,
      host,
      field: request.headers.get("x-value"),
      body: await request.text(),
    });
    return new Response("ok");
  });
}

const uuid = "[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}";

for (const version of ["", "--http2 -m 4"]) {
  for (const isTls of version === "" ? [false] : [false, true]) {
    Deno.test(`load --template ${version} ${isTls ? "over TLS " : ""}fills in URL, field and body`, async () => {
      await using folder = await tempFolder();
      const lines = await folder.write("lines.txt", "one\n\ntwo words\r\nthree\n");
      const certificate = `${folder.path}/c.pem`, keyFile = `${folder.path}/k.pem`;
      writeSelfSigned(["localhost"], certificate, keyFile);
      const tls = {
        cert: await Deno.readTextFile(certificate),
        key: await Deno.readTextFile(keyFile),
      };
      const got: Got[] = [];
      await using server = keeping(got, isTls ? tls : null);
      const args = ["load", "-k", "-t2", "-c4", "-n", "200", ...version.split(" ").filter(Boolean)];
      const scheme = isTls ? "https" : "http";
      const { code, stderr, stdout } = await runHayate([
        ...[...args, "--template", "-H", "X-Value: <{line:" + lines + "}>"],
        ...["-b", `{{"id": "{uuid}", "n": {seq:1}, "line": "{line:${lines}}"}`],
        `${scheme}://127.0.0.1:${server.addr.port}/{line:${lines}}/{seq:0001}?r={rand:7:11}`,
      ]);
      assertEquals([code, stderr], [0, ""], stdout);
      assertMatch(stdout, /\n {2}200 requests in /);
      assertEquals(got.length, 200);
      const numbers = new Set<number>(), ids = new Set<string>(), rands = new Set<string>();
      for (const { method, path, field, body } of got) {
        const [, line, seq, rand] = /^\/([\w%]+)\/(\d{4})\?r=(\d+)$/.exec(path)!;
        const { id, n, line: bodyLine } = JSON.parse(body);
        assertEquals([method, n, field], ["POST", Number(seq), `<${bodyLine}>`]);
        assertEquals(bodyLine, decodeURIComponent(line));
        assertEquals(bodyLine, ["one", "two words", "three"][(n - 1) % 3]);
        assertMatch(id, new RegExp(`^${uuid}$`));
        numbers.add(n), ids.add(id), rands.add(rand);
      }
      assertEquals([numbers.size, Math.max(...numbers), ids.size], [200, 200, 200]);
      assertEquals([...rands].sort(), ["10", "11", "7", "8", "9"]);
    });
  }
}

Deno.test("load --template fills in pipelined requests, several URLs and the host", async () => {
  const got: Got[] = [];
  await using server = keeping(got);
  const base = `http://127.0.0.1:${server.addr.port}`;
  const urls = [`${base}/a/{seq:1}`, `${base}/plain`, `${base}/b/{seq:1}`];
  const run = (...args: string[]) => runHayate(["load", "--template", "-t1", ...args]);
  assertEquals((await run("-c2", "--pipeline", "5", "-n", "60", ...urls)).code, 0);
  const paths = got.splice(0).map(({ path }) => path);
  assertEquals(paths.filter((path) => path === "/plain").length, 20);
  const counted = paths.filter((path) => path !== "/plain").map((path) => Number(path.slice(3)));
  assertEquals(new Set(counted).size, 40);
  for (const flags of [["--http2"], []]) {
    const host = ["--host", "{rand:5:5}.example"];
    assertEquals((await run("-n", "4", "-c1", ...host, ...flags, `${base}/`)).code, 0);
    assertEquals(got.splice(0).map((each) => each.host), Array(4).fill("5.example"));
  }
});

Deno.test("load --template sends a body larger than the socket takes at once unmixed", async () => {
  await using folder = await tempFolder();
  const long = "x".repeat(3_000_000);
  const file = await folder.write("body", `${"{seq:1}"}${long}{seq:1}`);
  const got: Got[] = [];
  await using server = keeping(got);
  for (const flags of [[], ["--http2", "-m", "4"]]) {
    const url = `http://127.0.0.1:${server.addr.port}/`;
    const args = ["load", "--template", "-T", "60s", "-t1", "-c3", "-n", "12", "--body-file", file];
    const { code, stdout } = await runHayate([...args, ...flags, url]);
    assertEquals(code, 0);
    assert(!stdout.includes("Failed"), stdout);
    const ends = got.splice(0).map(({ body }) => body.replace(long, "-"));
    assertEquals(ends.sort(), Array.from({ length: 12 }, (_, i) => `${i + 1}-${i + 1}`).sort());
  }
});

Deno.test("load without --template leaves braces alone; a wrong placeholder has its column", async () => {
  await using folder = await tempFolder();
  const got: Got[] = [];
  await using server = keeping(got);
  const url = `http://127.0.0.1:${server.addr.port}/`;
  await runHayate(["load", "-n", "1", "-c1", "-b", '{"a": {uuid}}', url]);
  assertEquals(got[0].body, '{"a": {uuid}}');
  const wrongBody = await folder.write("wrong.json", '{{"a": 1,\n "b": {rnd:1:2}}');
  const wrongUrls = await folder.write("urls.txt", `${url}\n${url}{seq}\n`);
  for (
    const [flags, code, message] of [
      [
        ["-b", '{"a": 1}', url],
        2,
        '--body: column 1: {"a": 1} is no placeholder: There are {rand:',
      ],
      [["-H", "A: {seq:x}", url], 2, "--header 'A: {seq:x}': column 4: seq needs a whole number"],
      [[`${url}{uuid`], 2, `{uuid: column ${url.length + 1}: { has no } after it; {{ is a brace`],
      [
        ["-b", `@${wrongBody}`, url],
        2,
        `${wrongBody}:2:7: {rnd:1:2} is no placeholder: did you mean rand?`,
      ],
      [["--urls", wrongUrls], 2, `${wrongUrls}:2: column ${url.length + 1}: seq needs`],
      [[`${url}{line:/no/such}`], 1, "/no/such: no such file"],
      [["-s", "x.js", `${url}{uuid}`], 2, "--template and --script cannot be combined"],
      [["-H", "Content-Length: 5", "-b", "{uuid}", url], 2, "hayate sets the length"],
    ] as const
  ) {
    const result = await runHayate(["load", "--template", ...flags]);
    assertEquals(result.code, code, result.stderr);
    assertStringIncludes(result.stderr, message);
  }
  const missing = await folder.write("empty.txt", "\n\n");
  const empty = await runHayate(["load", "--template", `${url}{line:${missing}}`]);
  assertEquals(empty.stderr, `hayate load: ${missing}: no line in it\n`);
});
