/** Files that change while they are served: by serve and proxy, plain and TLS. */
import { assert, assertEquals } from "@std/assert";
import { certificateFor } from "../../contract/tls_ends.ts";
import { RawConnection } from "../../support/raw_socket.ts";
import { TestProxy } from "../../support/proxy.ts";
import { backends, startServe } from "../../support/serve.ts";

/** A server for the files of a folder. */
interface Site extends AsyncDisposable {
  readonly name: string;
  readonly folder: string;
  readonly port: number;
  readonly url: string;
  readonly client?: Deno.HttpClient;
}

const starts: [name: string, start: () => Promise<Site>][] = backends.flatMap((backend) => [
  [`serve, ${backend}`, async () => {
    const served = await startServe({ args: ["@www"], backend, files: { "www/x": "" } });
    return {
      name: `serve, ${backend}`,
      folder: `${served.folder.path}/www`,
      port: served.port,
      url: served.url,
      [Symbol.asyncDispose]: () => served[Symbol.asyncDispose](),
    };
  }],
  ...["", "TLS", "compress"].map((kind): [string, () => Promise<Site>] => {
    const name = `proxy ${kind}, ${backend}`;
    return [name, () => startProxy(name, kind, backend)];
  }),
]);

async function startProxy(name: string, kind: string, backend: string): Promise<Site> {
  const own = certificateFor("127.0.0.1", "localhost");
  const ssl = kind === "TLS"
    ? `, ssl: {certificate-file: ${own.certificateFile}, key-file: ${own.keyFile}}`
    : "";
  const proxy = await TestProxy.start(
    `listen: {port: PORT, host: 127.0.0.1${ssl}}
hosts:
  default:
    paths:
      /:
        file.dir: DIR
        file.send-compressed: ON
${kind === "compress" ? "        compress: ON" : ""}
`,
    { env: { HAYATE_REACTOR: backend } },
  );
  const { port } = proxy.address as { port: number };
  const scheme = kind === "TLS" ? "https" : "http";
  const caCerts = [Deno.readTextFileSync(own.certificateFile)];
  return {
    name,
    folder: proxy.folder.path,
    port,
    url: `${scheme}://127.0.0.1:${port}`,
    ...(kind === "TLS" ? { client: Deno.createHttpClient({ caCerts }) } : {}),
    [Symbol.asyncDispose]: () => proxy[Symbol.asyncDispose](),
  };
}

/** Registers `body` for each kind of server. */
function eachSite(what: string, body: (site: Site) => Promise<void>): void {
  for (const [name, start] of starts) {
    Deno.test(`${what} (${name})`, async () => {
      await using site = await start();
      using _client = site.client;
      await body(site);
    });
  }
}

async function ask(site: Site, target: string, headers: Record<string, string> = {}) {
  const init = site.client === undefined ? { headers } : { headers, client: site.client };
  const response = await fetch(`${site.url}${target}`, init);
  return { status: response.status, headers: response.headers, text: await response.text() };
}

/** Sizes of a file that is cached in memory, and of one that is sent from disk. */
const sizes = [100, 200_000];

eachSite(
  "an overwritten, replaced or removed file takes effect at once, and completely",
  async (site) => {
    for (const size of sizes) {
      const path = `${site.folder}/a.txt`;
      await Deno.writeTextFile(path, "0".repeat(size));
      const tags = [(await ask(site, "/a.txt")).headers.get("etag")];
      for (const length of [size, size + 50, size - 50, size - 50]) {
        const text = crypto.randomUUID().repeat(6000).slice(0, length);
        // In place: the open file of the cache has the new bytes.
        await Deno.writeTextFile(path, text);
        const whole = await ask(site, "/a.txt");
        assert(whole.text === text, `${size}: the new text`);
        const range = await ask(site, "/a.txt", { range: "bytes=10-19" });
        assertEquals([range.status, range.text], [206, text.slice(10, 20)]);
        const known = await ask(site, "/a.txt", { "if-none-match": tags.join(", ") });
        assert(known.status === 200 && known.text === text, "it is not the one of before");
        // Tags have milliseconds, and the times of files advance in the kernel's ticks of up to 10.
        await new Promise((resolve) => setTimeout(resolve, 20));
        tags.push(whole.headers.get("etag"));
      }
      await Deno.writeTextFile(`${site.folder}/b.txt`, "b".repeat(size));
      await Deno.rename(`${site.folder}/b.txt`, path);
      assertEquals((await ask(site, "/a.txt")).text === "b".repeat(size), true);
      await Deno.remove(path);
      assertEquals((await ask(site, "/a.txt")).status, 404);
    }
  },
);

eachSite("an overwritten or removed precompressed file takes effect at once", async (site) => {
  for (const size of sizes) {
    await Deno.writeTextFile(`${site.folder}/a.js`, "plain");
    const zip = async (text: string) => {
      const body = new Response(text).body!.pipeThrough(new CompressionStream("gzip"));
      await Deno.writeFile(`${site.folder}/a.js.gz`, body);
    };
    for (const letter of ["one", "two"]) {
      const text = letter + Array.from({ length: size / 40 }, () => crypto.randomUUID()).join("");
      await zip(text);
      const answer = await ask(site, "/a.js", { "accept-encoding": "gzip" });
      assert(answer.text === text, letter);
    }
    await Deno.remove(`${site.folder}/a.js.gz`);
    assertEquals((await ask(site, "/a.js", { "accept-encoding": "gzip" })).text, "plain");
    await Deno.remove(`${site.folder}/a.js`);
    assertEquals((await ask(site, "/a.js", { "accept-encoding": "gzip" })).status, 404);
  }
});

eachSite("a file truncated during its transfer cuts the connection", async (site) => {
  const length = 30 << 20;
  await Deno.writeFile(`${site.folder}/big.bin`, new Uint8Array(length));
  if (site.client !== undefined) return await cutByFetch(site, length);
  const conn = await Deno.connect({ hostname: "127.0.0.1", port: site.port });
  using connection = new RawConnection(conn);
  await connection.send("GET /big.bin HTTP/1.1\r\nHost: x\r\n\r\n");
  await connection.readUntil("\r\n\r\n");
  await new Promise((resolve) => setTimeout(resolve, 200));
  await Deno.truncate(`${site.folder}/big.bin`, 1000);
  const received = (await connection.readAll({ idleMs: 8000, totalMs: 30_000 })).length;
  assert(connection.isClosedByPeer, `closed after ${received} bytes`);
  assert(received < length, `${received} bytes`);
});

/** The same through fetch, with a client that trusts our certificate. */
async function cutByFetch(site: Site, length: number): Promise<void> {
  const response = await fetch(`${site.url}/big.bin`, { client: site.client! });
  await new Promise((resolve) => setTimeout(resolve, 200));
  await Deno.truncate(`${site.folder}/big.bin`, 1000);
  const received = await response.bytes().then((bytes) => bytes.length, () => -1);
  assert(received < length, `${received} bytes`);
}
