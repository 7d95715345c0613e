/** A second INT or TERM ends at once, and the log reports what was cut, as in Caddy. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { sleep, startListening } from "../../support/binary.ts";
import { freePort, type TempFolder, tempFolder } from "../../support/ports.ts";
import { RawConnection, tcp } from "../../support/raw_socket.ts";

type Args = (folder: TempFolder, port: number) => Promise<readonly string[]>;

const app = `export default { fetch: () => new Promise(() => setTimeout(() => {}, 60_000)) };\n`;

function serve(workers: number): Args {
  return async (folder, port) => [
    ...["serve", "--host", "127.0.0.1", "--port", String(port), "--graceful-timeout", "60s"],
    ...["--workers", String(workers), await folder.write("app.js", app)],
  ];
}

/** In front of an upstream that accepts and never answers. */
function proxy(workers: number, upstream: number): Args {
  return async (folder, port) => {
    const file = await folder.write(
      "h2o.conf",
      `listen: {port: ${port}, host: 127.0.0.1}
num-threads: ${workers}
drain-timeout: 60
hosts: {default: {paths: {/: {proxy.reverse.url: "http://127.0.0.1:${upstream}/"}}}}
`,
    );
    return ["proxy", "-c", file];
  };
}

function supervised(inner: Args): Args {
  return async (folder, port) => [
    ...["supervise", `--port=127.0.0.1:${port}`],
    ...await inner(folder, port),
  ];
}

const hole = Deno.listen({ hostname: "127.0.0.1", port: 0 });
const holePort = (hole.addr as Deno.NetAddr).port;
hole.unref();

const modes: Record<string, Args> = {
  "serve --workers 1": serve(1),
  "serve --workers 2": serve(2),
  "proxy": proxy(1, holePort),
  "proxy with two workers": proxy(2, holePort),
  "supervise proxy": supervised(proxy(1, holePort)),
};

for (const [mode, argsOf] of Object.entries(modes)) {
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    Deno.test(`${mode}: a second ${signal} ends immediately and reports what was cut`, async () => {
      await using folder = await tempFolder();
      const port = freePort();
      const child = await startListening(await argsOf(folder, port), tcp(port), {
        waitTimeoutMs: 15_000,
      });
      try {
        await child.waitForLine("listening on");
        using client = await RawConnection.open(tcp(port));
        await client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
        await sleep(500);
        child.kill(signal);
        await sleep(500);
        assert(!child.hasEnded, "the first signal waits for the request");
        child.kill(signal);
        const { code, stderr } = await child.result();
        assertEquals(code, 0);
        assertMatch(stderr, /(INT|TERM|QUIT)( again)?, ending at once: 1 request is cut/);
      } finally {
        await child.stop();
      }
    });
  }
}
