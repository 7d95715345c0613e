/** HTTP/2 with clients that others wrote, over h2c and TLS, in serve and through the proxy. */
import { assertEquals, assertMatch } from "@std/assert";
import { runHayate, runProgram, sleep, startHayate } from "../../support/binary.ts";
import { Http2Wire } from "../../support/http2_wire.ts";
import { peerTest } from "../../support/peers.ts";
import { freePort, type TempFolder, tempFolder } from "../../support/ports.ts";
import { tcp } from "../../support/raw_socket.ts";
import { appWith, type Backend, backends, type Served, startServe } from "../../support/serve.ts";
import { block, data, endHeaders, frame, Type } from "../../vectors/http2/wire.ts";

const app = appWith(`async (request) => {
  const url = new URL(request.url);
  if (url.pathname === "/ws") {
    const { response, socket } = Deno.upgradeWebSocket(request);
    socket.onmessage = ({ data }) => socket.send("echo " + data);
    return response;
  }
  if (url.pathname === "/big") return new Response(new Uint8Array(3_000_000).fill(65));
  const body = await request.text();
  return new Response(request.method + " " + request.url + " " + body.length);
}`);

async function curl(...args: string[]): Promise<string> {
  const result = await runProgram("curl", ["-sSk", "-m", "20", ...args]);
  return result.stdout + result.stderr;
}

/** curl's answer with the version and status it got. */
const told = ["-w", " %{http_version} %{http_code}"];

async function prepareCertificate(folder: string): Promise<void> {
  const { code, stderr } = await runProgram("openssl", [
    ...["req", "-x509", "-nodes", "-days", "2", "-subj", "/CN=localhost"],
    ...["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"],
    ...["-keyout", `${folder}/own.key`, "-out", `${folder}/own.pem`],
  ]);
  assertEquals(code, 0, stderr);
}

const tls = ["--tls", "--cert", "@own.pem", "--key", "@own.key"];

async function startApp(backend: Backend, flags: readonly string[]): Promise<Served> {
  return await startServe({
    args: [...flags, "@app.js"],
    files: { "app.js": app },
    prepare: prepareCertificate,
    backend,
  });
}

/** A proxy before `served`, with a plain and a TLS listener. */
async function startProxy(backend: Backend, folder: TempFolder, served: Served) {
  const [plain, secure] = [freePort(), freePort()];
  await prepareCertificate(folder.path);
  await folder.write(
    "h2o.conf",
    `listen:
  - {host: 127.0.0.1, port: ${plain}}
  - host: 127.0.0.1
    port: ${secure}
    ssl: {certificate-file: ${folder.path}/own.pem, key-file: ${folder.path}/own.key}
access-log: {path: ${folder.path}/access.log, format: "%r %s %H"}
proxy.preserve-host: ON
hosts:
  default:
    paths:
      /: {proxy.reverse.url: "${served.url}", proxy.websocket: ON}
      /files: {file.dir: ${folder.path}}
`,
  );
  const child = startHayate(["proxy", "-c", `${folder.path}/h2o.conf`], {
    env: { HAYATE_REACTOR: backend },
  });
  await child.waitForSocket(tcp(secure));
  return { child, plain, secure };
}

for (const backend of backends) {
  peerTest(
    "curl",
    `${backend}: curl speaks HTTP/2 with serve, by ALPN and by prior knowledge`,
    async () => {
      await using secure = await startApp(backend, tls);
      await using plain = await startApp(backend, []);
      const https = `https://localhost:${secure.port}`;
      assertEquals(await curl(...told, `${https}/a?b`), `GET ${https}/a?b 0 2 200`);
      assertEquals(
        await curl(...told, "--http1.1", `${https}/a`),
        `GET ${https}/a 0 1.1 200`,
      );
      const known = ["--http2-prior-knowledge", ...told];
      assertEquals(await curl(...known, `${plain.url}/a`), `GET ${plain.url}/a 0 2 200`);
      // Upgrade: h2c is ignored.
      assertEquals(
        await curl("--http2", ...told, `${plain.url}/a`),
        `GET ${plain.url}/a 0 1.1 200`,
      );
      const body = `${plain.folder.path}/body`;
      await Deno.writeFile(body, new Uint8Array(2_000_000));
      assertEquals(
        await curl(...known, "-T", body, `${plain.url}/up`),
        `PUT ${plain.url}/up 2000000 2 200`,
      );
      assertEquals((await curl(`${https}/big`)).length, 3_000_000);
    },
  );

  peerTest("curl", `${backend}: a cipher that HTTP/2 forbids gets HTTP/1.1`, async () => {
    await using folder = await tempFolder();
    await prepareCertificate(folder.path);
    const port = freePort();
    await folder.write(
      "h2o.conf",
      `listen:
  host: 127.0.0.1
  port: ${port}
  ssl: {certificate-file: ${folder.path}/own.pem, key-file: ${folder.path}/own.key,
    cipher-suite: "ECDHE-ECDSA-AES128-SHA:ECDHE-ECDSA-AES128-GCM-SHA256"}
hosts: {default: {paths: {/: {status: ON}}}}
`,
    );
    await using child = startHayate(["proxy", "-c", `${folder.path}/h2o.conf`], {
      env: { HAYATE_REACTOR: backend },
    });
    await child.waitForSocket(tcp(port));
    const version = (cipher: string) =>
      curl(
        "-o",
        "/dev/null",
        "-w",
        "%{http_version}",
        "--tls-max",
        "1.2",
        "--ciphers",
        cipher,
        `https://localhost:${port}/`,
      );
    assertEquals(await version("ECDHE-ECDSA-AES128-GCM-SHA256"), "2");
    assertEquals(await version("ECDHE-ECDSA-AES128-SHA"), "1.1");
  });

  peerTest("curl", `${backend}: --no-http2 turns both off`, async () => {
    await using secure = await startApp(backend, [...tls, "--no-http2"]);
    const https = `https://localhost:${secure.port}`;
    assertEquals(await curl(...told, `${https}/a`), `GET ${https}/a 0 1.1 200`);
  });

  peerTest(
    ["curl", "nghttp"],
    `${backend}: the proxy serves HTTP/2 on both kinds of listener`,
    async () => {
      await using served = await startApp(backend, []);
      await using folder = await tempFolder();
      const { child, plain, secure } = await startProxy(backend, folder, served);
      await using _ = child;
      await Deno.writeFile(`${folder.path}/big`, new Uint8Array(1_000_000).fill(66));
      const known = ["--http2-prior-knowledge", ...told];
      const url = `http://127.0.0.1:${plain}`;
      const https = `https://localhost:${secure}`;
      assertEquals(await curl(...known, `${url}/a`), `GET ${url}/a 0 2 200`);
      assertEquals(await curl(...told, `${https}/a`), `GET http://localhost:${secure}/a 0 2 200`);
      assertEquals((await curl(`${https}/files/big`)).length, 1_000_000);
      assertEquals((await curl("--http2-prior-knowledge", `${url}/big`)).length, 3_000_000);
      assertMatch(await curl(...known, "-d", "abc", `${url}/p`), /^POST .*\/p 3 2 200$/);
      const many = await runProgram("nghttp", ["-n", "-s", "-m", "20", `${url}/files/big`]);
      assertEquals(many.stdout.match(/ 200 +976K \/files\/big/g)?.length, 20, many.stdout);
      // Lines are written once a second.
      const line = /^GET \/a HTTP\/2 200 HTTP\/2$/m;
      while (!line.test(await Deno.readTextFile(`${folder.path}/access.log`))) await sleep(100);
    },
  );

  peerTest("h2load", `${backend}: h2load gets every answer, over h2c and TLS`, async () => {
    for (const flags of [[], tls]) {
      await using served = await startServe({
        args: [...flags, "--text", "hello"],
        prepare: prepareCertificate,
        backend,
      });
      const url = `${flags.length > 0 ? "https" : "http"}://127.0.0.1:${served.port}/`;
      const args = ["-n", "20000", "-c", "20", "-m", "30", "-t", "1", url];
      const { stdout } = await runProgram("h2load", args);
      assertMatch(stdout, /20000 succeeded, 0 failed, 0 errored, 0 timeout/);
    }
  });

  Deno.test(`${backend}: WebSockets over HTTP/2, in an app and through the proxy`, async () => {
    await using served = await startApp(backend, []);
    await using folder = await tempFolder();
    const { child, plain } = await startProxy(backend, folder, served);
    await using _ = child;
    for (const port of [served.port, plain]) {
      using wire = await Http2Wire.open(tcp(port));
      await wire.send(connect());
      assertMatch((await wire.next("HEADERS", 1)).text, /^status 200;/);
      await wire.send(data(1, 0, masked("hello")));
      assertEquals((await wire.next("DATA", 1)).text, "\x81\x0aecho hello");
      await wire.send(data(1, 0, "\x88\x82\0\0\0\0\x03\xe8"));
      assertMatch((await wire.response(1)).body, /^\x88\x02\x03\xe8/);
    }
  });
}

function connect(): Uint8Array {
  const fields = [
    [":method", "CONNECT"],
    [":protocol", "websocket"],
    [":scheme", "http"],
    [":path", "/ws"],
    [":authority", "localhost"],
    ["sec-websocket-version", "13"],
  ] as const;
  return frame(Type.headers, endHeaders, 1, block(...fields));
}

/** A text frame of a client (RFC 6455 5.2), with a mask of zeros. */
function masked(text: string): string {
  return `\x81${String.fromCharCode(0x80 | text.length)}\0\0\0\0${text}`;
}

Deno.test("half a pair, files without TLS, and files that are not there, are errors", async () => {
  const bad = async (...args: string[]) => {
    const { code, stderr } = await runHayate(["serve", "--text", "x", ...args]);
    return [code, stderr.trim().split("\n").filter((line) => line.includes(" needs ")).length];
  };
  assertEquals(await bad("--tls", "--cert", "a"), [2, 1]);
  assertEquals(await bad("--cert", "a", "--key", "b"), [2, 1]);
  const { code, stderr } = await runHayate([
    ...["serve", "--text", "x", "--port", String(freePort())],
    ...["--tls", "--cert", "/no/such.pem", "--key", "/no/such.key"],
  ]);
  assertEquals(code, 1);
  assertMatch(stderr, /\/no\/such\.pem: cannot read the certificate: no such file/);
  assertEquals(stderr.trim().split("\n").length, 1);
});
