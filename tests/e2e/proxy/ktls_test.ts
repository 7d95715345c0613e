/**
 * `ssl-offload: kernel` where the kernel can encrypt: what clients get is the same as ever. A host whose
 * kernel cannot runs this in a virtual machine, by scripts/ktls_guest; there everything is slow.
 */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { runProgram } from "../../support/binary.ts";
import { findPeer, peerTest, testThatNeeds } from "../../support/peers.ts";
import { freePort, tempFolder } from "../../support/ports.ts";
import { TestProxy } from "../../support/proxy.ts";
import { writeSelfSigned } from "../../../mod/tls/self_signed.ts";
import { libssl } from "../../../mod/sys/libssl.ts";

// Loaded here, so that libraries that stay open do not count as a leak of a single test.
libssl();

const limitMs = 300_000;
/** Names and sizes: from memory, from its descriptor, around the bounds of records, and large. */
const files: Readonly<Record<string, number>> = {
  one: 1,
  kept: 65_536,
  first: 65_537,
  records: 4 * 16_384,
  odd: 1_000_003,
  large: 20_000_000,
  huge: 100_000_000,
};
const suites: readonly (readonly [version: string, suite: string])[] = [
  ["1.3", "TLS_AES_128_GCM_SHA256"],
  ["1.3", "TLS_AES_256_GCM_SHA384"],
  ["1.3", "TLS_CHACHA20_POLY1305_SHA256"],
  ["1.2", "ECDHE-ECDSA-AES128-GCM-SHA256"],
  ["1.2", "ECDHE-ECDSA-AES256-GCM-SHA384"],
  ["1.2", "ECDHE-ECDSA-CHACHA20-POLY1305"],
];

/** Connections that the kernel has encrypted for, since its start, and those that are open. */
async function counts(): Promise<{ all: number; open: number }> {
  const text = await Deno.readTextFile("/proc/net/tls_stat");
  const value = (name: string) => Number(new RegExp(`^${name}\\s+(\\d+)`, "m").exec(text)?.[1]);
  return { all: value("TlsTxSw"), open: value("TlsCurrTxSw") };
}

/** The kernel changes keys from 6.14 on. */
async function changesKeys(): Promise<boolean> {
  const [major, minor] = (await Deno.readTextFile("/proc/sys/kernel/osrelease")).split(".");
  return Number(major) > 6 || (Number(major) === 6 && parseInt(minor) >= 14);
}

interface Site extends AsyncDisposable {
  readonly proxy: TestProxy;
  readonly path: string;
  /** Runs a shell script in the folder, which has the files in `www`; fails when it fails. */
  run(script: string): Promise<string>;
}

async function startSite(mode: string, env: Record<string, string> = {}): Promise<Site> {
  const folder = await tempFolder();
  const [port, { path }] = [freePort(), folder];
  writeSelfSigned(["localhost"], `${path}/c.pem`, `${path}/k.pem`);
  await Deno.mkdir(`${path}/www`);
  const options = { cwd: path, waitTimeoutMs: limitMs, stopTimeoutMs: limitMs };
  for (const [name, size] of Object.entries(files)) {
    await runProgram("sh", ["-c", `head -c ${size} /dev/urandom >www/${name}`], options);
  }
  const certificate = `certificate-file: ${path}/c.pem, key-file: ${path}/k.pem`;
  const proxy = await TestProxy.start(
    `listen: {port: PORT, host: 127.0.0.1}
listen: {port: ${port}, host: 127.0.0.1, ssl: {${certificate}}}
ssl-offload: ${mode}
handshake-timeout: 120
http1-request-timeout: 120
hosts: {default: {paths: {/: {file.dir: ${path}/www}}}}
`,
    { ...options, env },
  );
  const places = { URL: `https://127.0.0.1:${port}`, AT: `127.0.0.1:${port}`, PORT: `${port}` };
  return {
    proxy,
    path,
    async run(script) {
      const result = await runProgram("bash", ["-euc", script], { ...options, env: places });
      assertEquals(result.code, 0, `${script}\n${result.stdout}\n${result.stderr}`);
      return result.stdout + result.stderr;
    },
    async [Symbol.asyncDispose]() {
      await proxy[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
    },
  };
}

const isOffered = (await Deno.readTextFile("/proc/sys/net/ipv4/tcp_available_ulp").catch(() => ""))
  .split(/\s+/).includes("tls");
const missing = [
  ...(isOffered ? [] : ["a kernel with kTLS (scripts/ktls_guest)"]),
  ...["curl", "openssl", "python3", "h2load", "strace"].filter((name) => findPeer(name) === null),
];

/** A client that reads slowly into small buffers, and fails if close_notify does not come last. */
const slowReader = `
import hashlib, socket, ssl, sys, time
port, path, pause = int(sys.argv[1]), sys.argv[2], float(sys.argv[3])
context = ssl.create_default_context()
context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
plain = socket.socket()
plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
plain.connect(("127.0.0.1", port))
secure = context.wrap_socket(plain, suppress_ragged_eofs=False)
secure.sendall(f"GET {path} HTTP/1.1\\r\\nHost: h\\r\\nConnection: close\\r\\n\\r\\n".encode())
time.sleep(pause)
data, reads = b"", 0
while True:
    part = secure.recv(65536)
    if not part: break
    data += part
    reads += 1
    if reads % 20 == 0: time.sleep(pause / 10)
body = data[data.index(b"\\r\\n\\r\\n") + 4:]
print(hashlib.sha256(body).hexdigest() + "  -")
`;

testThatNeeds(missing, "kTLS: files are what they were, by every cipher and version", async (t) => {
  await using site = await startSite("kernel");
  await readByEverySuite(t, site);
  await readInManyWays(t, site);
  await changeKeys(t, site);
  await endGracefully(t, site);
});

/** What the kernel encrypts, and what stays with OpenSSL. */
async function readByEverySuite(t: Deno.TestContext, site: Site): Promise<void> {
  const { run } = site;
  for (const [version, suite] of suites) {
    await t.step(`${suite}: whole files on one connection, ranges and HEAD`, async () => {
      const before = await counts();
      const flag = version === "1.3" ? `--tls13-ciphers ${suite}` : `--ciphers ${suite}`;
      const max = `--tlsv${version} --tls-max ${version}`;
      const names = Object.keys(files).filter((name) => name !== "huge" || /AES_?256/.test(suite));
      const urls = names.map((name) => `$URL/${name} -o ${name}.out`).join(" ");
      await run(`curl -fsSk --http1.1 ${max} ${flag} ${urls}
for name in ${names.join(" ")}; do cmp $name.out www/$name; rm $name.out; done`);
      await run(`curl -fsSk --http1.1 ${max} ${flag} -r 70000-999999 $URL/odd -o part \
  -r 70000-999999 $URL/odd -o part2
cmp part <(tail -c +70001 www/odd | head -c 930000); cmp part part2
curl -fsSkI --http1.1 ${max} ${flag} $URL/odd | grep -qi '^content-length: 1000003'
curl -fsSk --http1.1 ${max} ${flag} -r 0-0,900000- $URL/odd | wc -c`);
      const after = await counts();
      // One for the whole files, one for the ranges, one for several of them; none for HEAD.
      assertEquals(after.all - before.all, 3);
    });
  }

  await t.step("a connection without files, and HTTP/2, stay OpenSSL's", async () => {
    const before = await counts();
    await run(
      `curl -fsSk --http1.1 $URL/one -o a; curl -fsSk --http2 $URL/odd -o b; cmp b www/odd`,
    );
    assertEquals((await counts()).all, before.all);
  });
}

/** Many clients, slow ones, and some that leave. */
async function readInManyWays(t: Deno.TestContext, site: Site): Promise<void> {
  const { run } = site;
  await t.step("many connections at once", async () => {
    const output = await run(`h2load --h1 -n 300 -c 30 -m 1 $URL/odd 2>&1`);
    assertMatch(output, /300 succeeded, 0 failed, 0 errored/);
    assertMatch(output, /status codes: 300 2xx/);
  });

  await t.step("slow readers with small windows get all of it, close_notify last", async () => {
    await Deno.writeTextFile(`${site.path}/slow.py`, slowReader);
    const clients = ["odd", "first", "records", "odd"].map((name, index) =>
      run(`expected=$(sha256sum <www/${name})
got=$(python3 slow.py $PORT /${name} ${0.2 + index * 0.3}); [ "$got" = "$expected" ]`)
    );
    await Promise.all(clients);
  });

  await t.step("an early close leaves the others alone", async () => {
    await run(`for i in 1 2 3 4 5 6; do
  (curl -fsSk --http1.1 $URL/huge 2>/dev/null | head -c 300000 >/dev/null) &
done
curl -fsSk --http1.1 $URL/large -o out; cmp out www/large; wait`);
  });
}

/** Key updates of the client. */
async function changeKeys(t: Deno.TestContext, site: Site): Promise<void> {
  const { run } = site;
  await t.step("the peer announces new keys, between files and within one", async () => {
    const output = await run(keyScript("k"));
    assertStringIncludes(output, "KEYUPDATE");
    await assertBodies(site, ["odd", "large", "odd"]);
  });

  await t.step("the peer asks for new keys, between files and within one", async () => {
    const output = await run(keyScript("K"));
    assertStringIncludes(output, "KEYUPDATE");
    if (await changesKeys()) return await assertBodies(site, ["odd", "large", "odd"]);
    assertMatch(output, /alert internal error/);
    await assertBodies(site, ["odd"]);
  });
}

/** Nothing is left, and what is being sent is sent. */
async function endGracefully(t: Deno.TestContext, site: Site): Promise<void> {
  const { run } = site;
  await t.step("the open connections end with the clients", async () => {
    for (let i = 0; i < 100 && (await counts()).open > 0; i++) {
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    assertEquals((await counts()).open, 0);
  });

  await t.step("a reload and a stop wait for files that are being sent", async () => {
    const client = (name: string) =>
      run(`curl -fsSk --http1.1 --limit-rate 3M $URL/large -o ${name}; cmp ${name} www/large`);
    const first = client("before");
    await new Promise((resolve) => setTimeout(resolve, 3000));
    site.proxy.child.kill("SIGHUP");
    await site.proxy.child.waitForLine("the new configuration is in force");
    await first;
    const last = client("last");
    await new Promise((resolve) => setTimeout(resolve, 3000));
    site.proxy.child.kill("SIGTERM");
    await last;
    assertEquals((await site.proxy.child.status).code, 0);
  });
}

/**
 * Openssl's client: a file, `letter` and one more file, `letter` again while that is being sent, and a
 * third. What it prints goes to `talk`.
 */
function keyScript(letter: string): string {
  return `rm -f talk
get() { printf 'GET /%s HTTP/1.1\\r\\nHost: h\\r\\n%s\\r\\n' "$1" "\${2:-}"; }
(get odd; sleep 6; echo ${letter}; sleep 3; get large; sleep 0.5; echo ${letter}; sleep 12
  get odd $'Connection: close\\r\\n'; sleep 12) |
  timeout 120 openssl s_client -connect $AT -tls1_3 -ciphersuites TLS_AES_128_GCM_SHA256 \
    >talk 2>errors || true
cat errors`;
}

/** The bodies in what openssl's client has received, among its own lines, are these files. */
async function assertBodies(site: Site, names: readonly string[]): Promise<void> {
  const { path } = site;
  const talk = await Deno.readFile(`${path}/talk`);
  let from = 0;
  for (const name of names) {
    const body = await Deno.readFile(`${path}/www/${name}`);
    const at = indexOf(talk, new TextEncoder().encode("HTTP/1.1 200"), from);
    assert(at >= 0, `${name}: no response`);
    const start = indexOf(talk, new TextEncoder().encode("\r\n\r\n"), at) + 4;
    from = start + body.length;
    const isSame = indexOf(talk.subarray(start, from), body, 0) === 0;
    assert(isSame, `${name}: not the file that was sent`);
  }
}

function indexOf(bytes: Uint8Array, wanted: Uint8Array, from: number): number {
  for (let at = bytes.indexOf(wanted[0], from); at >= 0; at = bytes.indexOf(wanted[0], at + 1)) {
    let i = 1;
    while (i < wanted.length && bytes[at + i] === wanted[i]) i++;
    if (i === wanted.length) return at;
  }
  return -1;
}

for (const backend of ["epoll", "portable"]) {
  for (const mode of ["kernel", "AUTO"]) {
    const name =
      `ssl-offload: ${mode} serves the same files without kTLS, without a word (${backend})`;
    peerTest("curl", name, async () => {
      await using site = await startSite(mode, { HAYATE_REACTOR: backend });
      await site.run(`curl -fsSk --http1.1 $URL/one -o a $URL/odd -o b $URL/large -o c
cmp a www/one; cmp b www/odd; cmp c www/large`);
      assertEquals(site.proxy.child.stderr.match(/offload|kTLS|\b(warn|error)\b/gi), null);
    });
  }
}
