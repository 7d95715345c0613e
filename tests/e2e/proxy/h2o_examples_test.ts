/**
 * The configurations that h2o's own repository shows in `examples/`, reworded: the same
 * directives in the same nesting load and behave as in Debian's h2o. There are two of them. What the
 * first has in comments (QUIC) and the second adds (mruby) is outside the subset and reported as such.
 */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { libssl } from "../../../mod/sys/libssl.ts";
import { writeSelfSigned } from "../../../mod/tls/self_signed.ts";
import { binaryPath, Child, runHayate, runProgram } from "../../support/binary.ts";
import { peerPath, peerTest } from "../../support/peers.ts";
import { freePort, type TempFolder, tempFolder } from "../../support/ports.ts";
import { tcp } from "../../support/raw_socket.ts";
import { fieldLines, parts } from "../../support/proxy.ts";

// Loaded here, so that libraries that stay open do not count as a leak of a single test.
libssl();

const ciphers = "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:" +
  "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256";

const tlsOf = (name: string) =>
  `certificate-file: tls/${name}.crt
    key-file: tls/${name}.key
    minimum-version: TLSv1.2
    cipher-preference: server
    cipher-suite: "${ciphers}"
`;

/** The first example: an anchored listener, two hosts with their ports, logs at the host's level. */
const files = `# a comment in front
listen: PLAIN
listen: &secure
  port: SECURE
  ssl:
    ${tlsOf("one")}
hosts:
  "one.test:PLAIN":
    paths:
      /:
        file.dir: www/one
    access-log: /dev/stdout
  "two.test:SECURE":
    paths:
      /:
        file.dir: www/two
    access-log: /dev/stdout
`;

/** The second one: a host with its own listener on a port that is also a global one. */
const ownListener = `listen: PLAIN
listen:
  port: SECURE
  ssl:
    ${tlsOf("one")}
hosts:
  "one.test:PLAIN":
    paths:
      /:
        file.dir: www/one
      /status:
        - status: ON
    access-log: /dev/stdout
  "two.test:SECURE":
    listen:
      port: SECURE
      ssl:
        certificate-file: tls/two.crt
        key-file: tls/two.key
    paths:
      /:
        file.dir: www/two
    access-log: /dev/stdout
`;

/** The folder that relative paths start from. */
async function site(): Promise<TempFolder> {
  const folder = await tempFolder();
  // Started by root, h2o switches to the user `nobody`, who must be able to read.
  await Deno.chmod(folder.path, 0o755);
  await folder.write("www/one/index.html", "<!DOCTYPE html>\n<title>one</title>\n");
  await folder.write("www/two/index.txt", "two\n");
  await Deno.mkdir(`${folder.path}/tls`);
  for (const name of ["one", "two"]) {
    const path = `${folder.path}/tls/${name}`;
    writeSelfSigned([`${name}.test`], `${path}.crt`, `${path}.key`);
  }
  return folder;
}

/** One of the two programs, with ports of its own. */
interface Server {
  readonly child: Child;
  readonly plain: number;
  readonly secure: number;
}

async function start(program: string, args: string[], config: string, folder: TempFolder) {
  const [plain, secure] = [freePort(), freePort()];
  const text = config.replaceAll("PLAIN", `${plain}`).replaceAll("SECURE", `${secure}`);
  const file = await folder.write(`${plain}.conf`, text);
  await using stack = new AsyncDisposableStack();
  const child = stack.use(new Child(program, [...args, "-c", file], { cwd: folder.path }));
  for (const port of [plain, secure]) await child.waitForSocket(tcp(port));
  stack.move();
  return { child, plain, secure };
}

/** Status, fields, body and certificate that a request for a host gets. */
async function ask(server: Server, scheme: string, host: string, path: string) {
  const { plain, secure } = server;
  const port = scheme === "http" ? plain : secure;
  const to = ["--connect-to", `::127.0.0.1:${port}`];
  const args = ["-sk", "-i", "--http1.1", "-A", "test", ...to];
  const { stdout } = await runProgram(peerPath("curl"), [
    ...args,
    `${scheme}://${host}:${port}${path}`,
  ]);
  const { status, head, body } = parts(
    stdout.replaceAll(`:${plain}`, ":PLAIN").replaceAll(`:${secure}`, ":SECURE"),
  );
  // May differ: Date and Server, the charset of text, the wording of small error pages.
  const without = ["date", "server", "connection", "etag", "last-modified", "accept-ranges"];
  if (status !== 200) return { status, fields: [], body: "" };
  const fields = fieldLines(head, ...without, "vary").map((line) =>
    line.toLowerCase().replace("; charset=utf-8", "")
  );
  return { status, fields: fields.sort(), body };
}

async function certificate({ secure }: Server, name: string): Promise<string> {
  const script = `openssl s_client -connect 127.0.0.1:${secure} -servername ${name} </dev/null ` +
    "2>/dev/null | openssl x509 -noout -fingerprint -sha256";
  return (await runProgram("sh", ["-c", script])).stdout.trim();
}

/** Log lines without their time, and without the size of an error page. */
function logOf({ child }: Server): string[] {
  return child.stdout.split("\n").filter((line) => line.includes("HTTP/1.1"))
    .map((line) => line.replace(/\[.*?\]/, "[time]").replace(/ 404 \d+ /, " 404 - ")).sort();
}

const requests: readonly (readonly [scheme: string, host: string, path: string])[] = [
  ["http", "one.test", "/"],
  ["http", "one.test", "/index.html"],
  ["http", "one.test", "/missing"],
  ["http", "one.test", "/../www/two/index.txt"],
  ["http", "other.test", "/"],
  ["https", "two.test", "/"],
  ["https", "two.test", "/index.txt"],
  ["https", "two.test", "/missing"],
  ["https", "one.test", "/"],
  ["https", "other.test", "/index.html"],
];

for (const [name, config] of Object.entries({ files, ownListener })) {
  peerTest(
    ["h2o", "curl", "openssl"],
    `h2o's example "${name}" loads and behaves as in h2o`,
    async () => {
      await using folder = await site();
      const theirs = await start(
        peerPath("h2o"),
        [],
        config,
        folder,
      );
      await using _h2o = theirs.child;
      const ours = await start(binaryPath, ["proxy"], config, folder);
      await using _hayate = ours.child;
      for (const [scheme, host, path] of requests) {
        const wanted = await ask(theirs, scheme, host, path);
        assertEquals(await ask(ours, scheme, host, path), wanted, `${scheme} ${host} ${path}`);
      }
      for (const host of ["one.test", "two.test", "other.test"]) {
        assertEquals(await certificate(ours, host), await certificate(theirs, host), host);
      }
      assertEquals(logOf(ours), logOf(theirs));
    },
  );
}

Deno.test("What h2o's examples use beyond the subset is reported with its line", async () => {
  await using folder = await site();
  const quic = files.replace(
    "hosts:",
    'listen:\n  <<: *secure\n  type: quic\nheader.set: "Alt-Svc: h3=\\":8081\\""\nhosts:',
  );
  const mruby = ownListener
    .replace("file.dir: www/one\n", "file.dir: www/one\n        mruby.handler-file: hello.rb\n")
    .replace("- status: ON", "- mruby.handler: |\n            nothing\n        - status: ON");
  const rows: readonly (readonly [string, number, readonly string[]])[] = [
    // The listener is left out with a warning; the others serve.
    [quic, 0, ["quic.conf:13] listen.type: hayate has no HTTP/3"]],
    [mruby, 78, [
      "mruby.conf:16] mruby.handler-file: hayate does not support this directive",
      "mruby.conf:18] mruby.handler: hayate does not support this directive",
    ]],
  ];
  for (const [index, [text, expectedCode, wanted]] of rows.entries()) {
    const ported = text.replaceAll("PLAIN", "8080").replaceAll("SECURE", "8081");
    const file = await folder.write(index === 0 ? "quic.conf" : "mruby.conf", ported);
    const { code, stderr } = await runHayate(["proxy", "-t", "-c", file], { cwd: folder.path });
    assertEquals(code, expectedCode, stderr);
    for (const line of wanted) assertStringIncludes(stderr, line);
  }
});
