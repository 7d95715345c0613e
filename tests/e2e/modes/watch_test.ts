/** `--watch`: a changed file is served without a signal; a broken one changes nothing. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import {
  type Child,
  childPids,
  descendantPids,
  runHayate,
  sleep,
  startHayate,
  startListening,
} from "../../support/binary.ts";
import { freePort, type TempFolder, tempFolder } from "../../support/ports.ts";
import { rawExchange, tcp } from "../../support/raw_socket.ts";

interface Way {
  /** Writes what the arguments name, and returns them. */
  args(folder: TempFolder, port: number): Promise<readonly string[]>;
  /** Makes the server answer `text`; null: with a mistake. */
  edit(folder: TempFolder, port: number, text: string | null): Promise<void>;
  /** A reload starts several workers, one after another. */
  readonly replacesWorkers: boolean;
  /** The line about the mistake. */
  readonly fault: RegExp;
}

function proxy(workers: number): Way {
  const config = (folder: TempFolder, port: number) =>
    `listen: {port: ${port}, host: 127.0.0.1}
num-threads: ${workers}
hosts: !file ${folder.path}/hosts.conf
`;
  const edit: Way["edit"] = async (folder, _port, text) => {
    const body = text === null ? "default: nonsense\n" : `default:
  paths:
    /:
      redirect: {url: "http://${text}.example/", status: 302}
`;
    await folder.write("hosts.conf", body);
  };
  return {
    async args(folder, port) {
      await edit(folder, port, "one");
      return ["proxy", "-c", await folder.write("h2o.conf", config(folder, port))];
    },
    edit,
    replacesWorkers: workers > 1,
    fault: /hosts\.conf:1\]/,
  };
}

function serve(workers: number): Way {
  const edit: Way["edit"] = async (folder, _port, text) => {
    const module = text === null ? "export const = 1;\n" : `export const text = "${text}";\n`;
    await folder.write("text.ts", module);
  };
  return {
    async args(folder, port) {
      await edit(folder, port, "one");
      const app = await folder.write(
        "app.ts",
        'import { text } from "./text.ts";\nexport default { fetch: () => new Response(text) };\n',
      );
      const listen = ["--host", "127.0.0.1", "--port", String(port)];
      return ["serve", "--workers", String(workers), ...listen, app];
    },
    edit,
    replacesWorkers: workers > 1,
    fault: /text\.ts|app\.ts/,
  };
}

function supervised(way: Way): Way {
  return {
    ...way,
    async args(folder, port) {
      const inner = await way.args(folder, port);
      return ["supervise", "--port", `127.0.0.1:${port}`, ...inner];
    },
  };
}

const ways: Record<string, Way> = {
  "proxy": proxy(1),
  "proxy with two workers": proxy(2),
  "serve --workers 1": serve(1),
  "serve --workers 2": serve(2),
  "supervise proxy": supervised(proxy(1)),
  "supervise proxy with two workers": supervised(proxy(2)),
  "supervise serve --workers 1": supervised(serve(1)),
  "supervise serve --workers 2": supervised(serve(2)),
};

for (const [name, way] of Object.entries(ways)) {
  Deno.test(`${name}: a change is served, and a broken one changes nothing`, async () => {
    await using folder = await tempFolder();
    const port = freePort();
    const env = { HAYATE_WATCH: "1" };
    const child = await startListening(await way.args(folder, port), tcp(port), { env });
    try {
      await answers(child, port, "one");
      const old = new Set(workersOf(child));
      await way.edit(folder, port, "two");
      await answers(child, port, "two");
      // A second worker that is still to be replaced would load what is written next.
      await child.waitUntil("two new workers", () => {
        return !way.replacesWorkers || workersOf(child).every((pid) => !old.has(pid)) ? true : null;
      });
      const before = child.stderr.length;
      await way.edit(folder, port, null);
      const lines = () => child.stderr.slice(before).split("\n");
      const changes = () => lines().filter((line) => /changed/.test(line)).length;
      const faults = () =>
        lines().filter((line) => way.fault.test(line) && !/changed/.test(line)).length;
      await child.waitUntil("the mistake in the log", () => faults() > 0 && changes() > 0 || null);
      // Several polls later it has been tried once, and the old one serves.
      await sleep(2000);
      assertEquals(changes(), 1, child.stderr.slice(before));
      // A start that was under way may have read the mistake, too.
      assert(faults() <= 2, child.stderr.slice(before));
      await answers(child, port, "two");
      await way.edit(folder, port, "three");
      await answers(child, port, "three");
    } finally {
      await child.stop();
    }
  });
}

Deno.test("supervise --watch-file: another program is replaced when the file changes", async () => {
  await using folder = await tempFolder();
  const file = await folder.write("release", "1");
  const script = `echo "release $(cat ${file})"; exec sleep 600`;
  await using child = startHayate([
    ...["supervise", "--port", `127.0.0.1:${freePort()}`, "--interval", "100ms"],
    ...["--watch-file", file, "--", "sh", "-c", script],
  ]);
  await child.waitForLine("release 1");
  await folder.write("release", "two");
  await child.waitForLine("release two");
  assertMatch(child.stderr, /release changed, spawning a new worker/);
});

Deno.test("supervise --watch with another program and no file is refused", async () => {
  const { code, stderr } = await runHayate([
    "supervise",
    "--watch",
    "--port",
    "1",
    "--",
    "sleep",
    "1",
  ]);
  assertEquals(code, 2);
  assertMatch(stderr, /--watch: only proxy and serve say what they read/);
});

/** Waits for an answer with `text`. */
async function answers(child: Child, port: number, text: string): Promise<void> {
  const get = () =>
    rawExchange(tcp(port), "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  await child.waitUntil(
    `an answer with "${text}"`,
    async () => (await get()).includes(text) ? true : null,
  );
}

/** Processes below `child` without children of their own: those of two workers that are replaced. */
function workersOf(child: Child): number[] {
  return descendantPids(child.pid).filter((pid) => childPids(pid).length === 0);
}
