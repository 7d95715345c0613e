/** HTTP/2 with python3-h2, Chromium, and proxies of others in front of ours. */
import { assertEquals } from "@std/assert";
import { Browser } from "../../support/browser.ts";
import { Child, root, runProgram } from "../../support/binary.ts";
import { type Http2Servers, startProxy, starts } from "../../support/http2_servers.ts";
import { measure } from "../../support/load.ts";
import { peerPath, peerTest } from "../../support/peers.ts";
import { freePort } from "../../support/ports.ts";
import { tcp } from "../../support/raw_socket.ts";

/** A page of 200 scripts, and for other requests the method and the length of the body. */
const app =
  `const scripts = Array.from({ length: 200 }, (_, i) => '<script src="/s' + i + '.js"></script>');
let loaded = 0;
export default {
  async fetch(request) {
    const { pathname } = new URL(request.url);
    const html = { headers: { "content-type": "text/html" } };
    if (pathname === "/page") return new Response("<!doctype html>" + scripts.join(""), html);
    const headers = { "content-type": "text/javascript" };
    if (pathname.startsWith("/s")) return new Response("globalThis.loaded = (globalThis.loaded ?? 0) + 1", { headers });
    return new Response(request.method + " " + (await request.text()).length);
  },
};
`;

for (const [mode, start] of starts) {
  peerTest(
    "python3-h2",
    `${mode}: python3-h2 gets 40 answers on one connection, with large bodies`,
    async () => {
      await using servers = await start({ app });
      for (const [i, port] of servers.ports.entries()) {
        const { stdout, stderr } = await runProgram(peerPath("python3-h2"), [
          ...[`${root}/tests/support/h2_client.py`, "localhost", String(port)],
          ...i === 1 ? [servers.certificateFile] : [],
        ]);
        const wanted = Array.from(
          { length: 40 },
          (_, index) => `${index} 200 ${index % 2 === 1 ? "POST 300000" : "GET 0"}\n`,
        );
        assertEquals(stdout, wanted.join(""), stderr);
      }
    },
  );

  peerTest(
    "chromium",
    `${mode}: Chromium loads a page of 200 files over one connection`,
    async () => {
      await using servers = await start({ app });
      await using browser = await Browser.open();
      const url = `https://localhost:${servers.ports[1]}/page`;
      await browser.show(url, { width: 800, height: 600, scheme: "light" });
      await browser.waitFor("globalThis.loaded === 200");
      const entries = await browser.value<readonly (readonly [string, boolean])[]>(
        `performance.getEntriesByType("resource").filter(({ name }) => name.endsWith(".js"))
        .map((entry) => [entry.nextHopProtocol, entry.connectEnd > entry.connectStart])`,
      );
      assertEquals(entries.length, 200);
      // A connection that is opened for a file has a time of its own; those that share one do not.
      assertEquals(entries.filter(([protocol, connects]) => protocol !== "h2" || connects), []);
      assertEquals(browser.complaints.filter((line) => !line.includes("favicon")), []);
    },
  );
}

/** Proxies that speak HTTP/2 to ours, by their arguments or their configuration. */
const inFront: Readonly<
  Record<string, (port: number, target: number) => readonly string[] | string>
> = {
  nghttpx: (
    port,
    target,
  ) => [
    `-f127.0.0.1,${port};no-tls`,
    `-b127.0.0.1,${target};;proto=h2`,
    "-n1",
    "--errorlog-file=/dev/null",
  ],
  haproxy: (port, target) =>
    `defaults
  mode http
  timeout connect 5s
  timeout client 20s
  timeout server 20s
frontend f
  bind 127.0.0.1:${port}
  default_backend b
backend b
  server s 127.0.0.1:${target} proto h2
`,
};

for (const [program, setup] of Object.entries(inFront)) {
  peerTest(program, `behind ${program}, over HTTP/2`, async () => {
    await using servers = await startProxy({ app });
    const port = freePort();
    await using peer = await startInFront(program, setup(port, servers.ports[0]), servers);
    await peer.waitForSocket(tcp(port));
    for (const flags of [[], ["--method", "POST", "--body", "x".repeat(50_000)]]) {
      const run = await measure("-n", "400", "-c8", ...flags, `http://127.0.0.1:${port}/`);
      assertEquals([run.requestsAnswered, run.requestsFailed], [400, 0]);
      assertEquals(run.responsesByStatus, { 200: 400 });
    }
  });
}

async function startInFront(
  program: string,
  setup: readonly string[] | string,
  { folder }: Http2Servers,
): Promise<Child> {
  if (typeof setup !== "string") return new Child(peerPath(program), setup);
  return new Child(peerPath(program), ["-f", await folder.write("peer.cfg", setup)]);
}
