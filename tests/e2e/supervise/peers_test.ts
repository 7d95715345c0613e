/** Unchanged foreign servers under our supervisor, and our servers under Debian's start_server. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { binaryPath, Child, runHayate, runProgram, sleep } from "../../support/binary.ts";
import { findPeer, peerPath, peerTest } from "../../support/peers.ts";
import { freePort, tempFolder } from "../../support/ports.ts";
import { readStatus, startServerLink, startSupervised } from "../../support/supervise.ts";

/** Sends requests until stopped, each on a new connection; counts responses other than `expected`. */
class Asker {
  answered = 0;
  readonly wrong: string[] = [];
  #asking = true;
  readonly #done: Promise<void>;

  constructor(
    readonly url: string,
    readonly expected: RegExp,
    readonly answerOf: (response: Response) => string | Promise<string> = (
      each,
    ) => each.text(),
  ) {
    this.#done = this.#run();
  }

  /**
   * Waits for the first response. A worker is in the status file as soon as it is spawned; only one
   * that responds has handlers for the signals that follow.
   */
  async firstAnswer(): Promise<void> {
    const deadline = performance.now() + 10_000;
    while (this.answered + this.wrong.length === 0) {
      if (performance.now() > deadline) throw new Error(`${this.url} does not answer`);
      await sleep(10);
    }
  }

  async stop(): Promise<void> {
    this.#asking = false;
    await this.#done;
  }

  async #run(): Promise<void> {
    while (this.#asking) {
      const text = await fetch(this.url, {
        redirect: "manual",
        headers: { connection: "close" },
      }).then(this.answerOf).catch((error) => String(error));
      if (this.expected.test(text)) this.answered++;
      else this.wrong.push(text);
    }
  }
}

peerTest(
  "h2o",
  "h2o serves under supervise, and HUP replaces it without an error",
  async () => {
    await using folder = await tempFolder();
    await Deno.chmod(folder.path, 0o755);
    const port = freePort();
    await folder.write("docs/index.html", "from h2o\n", 0o644);
    const config = await folder.write(
      "h2o.conf",
      `listen:
  host: 127.0.0.1
  port: ${port}
hosts:
  default:
    paths:
      /:
        file.dir: ${folder.path}/docs
`,
    );
    const flags = [
      `--port=127.0.0.1:${port}`,
      "--",
      peerPath("h2o"),
      "-c",
      config,
    ];
    await using supervisor = startSupervised(folder, flags);
    const [{ pid }] = await supervisor.waitForGenerations(1);
    const asker = new Asker(`http://127.0.0.1:${port}/`, /^from h2o\n$/);
    await asker.firstAnswer();
    const reload = await runHayate(["supervise", "reload", supervisor.pidFile]);
    assertEquals(reload.code, 0, reload.stderr);
    const [second] = await supervisor.waitForGenerations(2);
    await asker.stop();
    assertEquals(asker.wrong, []);
    assert(asker.answered > 10 && second.pid !== pid);
    await supervisor.child.waitForLine(`old worker ${pid} died, status:0`);
  },
);

async function statusOf(response: Response): Promise<string> {
  await response.body?.cancel();
  return String(response.status);
}

const psgi = 'sub { [200, ["Content-Type" => "text/plain"], ["generation ' +
  '$ENV{SERVER_STARTER_GENERATION}\\n"]] }\n';

/** Debian's package `starlet` has no program whose presence could be checked. */
const starletIsThere = findPeer("perl") !== null &&
  new Deno.Command(peerPath("perl"), {
    args: ["-MStarlet", "-e1"],
    stderr: "null",
  })
    .outputSync().success;

peerTest(
  starletIsThere ? ["plackup"] : ["plackup", "starlet"],
  "Starlet serves under the name start_server",
  async () => {
    await using folder = await tempFolder();
    const port = freePort();
    const app = await folder.write("app.psgi", psgi);
    const link = await startServerLink(folder);
    const status = `${folder.path}/status`;
    const child = new Child(link, [
      `--port=127.0.0.1:${port}`,
      `--status-file=${status}`,
      "--",
      peerPath("plackup"),
      ...["-s", "Starlet", "--max-workers", "2", "-E", "production", app],
    ]);
    try {
      await child.waitUntil(
        "generation 1",
        () => readStatus(status).length === 1 ? true : null,
      );
      const asker = new Asker(
        `http://127.0.0.1:${port}/`,
        /^generation [12]\n$/,
      );
      await asker.firstAnswer();
      child.kill("SIGHUP");
      await child.waitForLine(/old worker \d+ died/);
      const text = await (await fetch(`http://127.0.0.1:${port}/`)).text();
      await asker.stop();
      assertEquals(text, "generation 2\n");
      assertEquals(asker.wrong, []);
    } finally {
      await child.stop();
    }
  },
);

for (const mode of ["serve", "proxy"] as const) {
  peerTest(
    "start_server",
    `our ${mode} serves under Debian's start_server`,
    async () => {
      await using folder = await tempFolder();
      const port = freePort();
      const path = `${folder.path}/a.sock`;
      const status = `${folder.path}/status`;
      const config = await folder.write(
        "h2o.conf",
        `listen:
  host: 127.0.0.1
  port: ${port}
hosts:
  default:
    paths:
      /:
        redirect: http://example.com/
`,
      );
      const behind = mode === "serve" ? ["--text", "hello"] : ["-c", config];
      const child = new Child(peerPath("start_server"), [
        `--port=127.0.0.1:${port}`,
        ...mode === "serve" ? [`--path=${path}`] : [],
        `--status-file=${status}`,
        "--",
        binaryPath,
        mode,
        ...behind,
      ]);
      try {
        await child.waitUntil(
          "generation 1",
          () => readStatus(status).length === 1 ? true : null,
        );
        const url = `http://127.0.0.1:${port}/`;
        const asker = mode === "serve"
          ? new Asker(url, /^hello$/)
          : new Asker(url, /^30[1278]$/, statusOf);
        await asker.firstAnswer();
        child.kill("SIGHUP");
        await child.waitForLine(/old worker \d+ died, status:0/);
        await asker.stop();
        assertEquals(asker.wrong, []);
        assert(asker.answered > 10, `${asker.answered} answers`);
      } finally {
        await child.stop();
      }
    },
  );
}

peerTest(
  "start_server",
  "SERVER_STARTER_PORT is spelled as by Debian's start_server",
  async () => {
    await using folder = await tempFolder();
    const [a, b, c] = [freePort(), freePort(), freePort()];
    const args = [`--port=${a}`, `--port=127.0.0.1:${b}`, `--port=[::1]:${c}`];
    const texts: string[] = [];
    for (
      const program of [peerPath("start_server"), await startServerLink(folder)]
    ) {
      const script = 'echo "[$SERVER_STARTER_PORT]"; exec sleep 1000';
      const path = `--path=${folder.path}/a.sock`;
      const child = new Child(program, [
        ...args,
        path,
        "--interval=0",
        "--",
        "sh",
        "-c",
        script,
      ]);
      await child.waitForLine(/^\[.*\]$/m);
      texts.push((await child.stop()).stdout);
    }
    assertMatch(texts[0], /^\[/);
    assertEquals(texts[1], texts[0]);
  },
);

peerTest(
  "start_server",
  "our --restart and --stop work on Debian's start_server, and vice versa",
  async () => {
    await using folder = await tempFolder();
    const files = [
      `--pid-file=${folder.path}/pid`,
      `--status-file=${folder.path}/status`,
    ];
    const programs = [peerPath("start_server"), await startServerLink(folder)];
    for (const [index, server] of programs.entries()) {
      const client = programs[1 - index];
      const child = new Child(server, [...files, "--", "sleep", "1000"]);
      await child.waitUntil("generation 1", () => {
        return readStatus(`${folder.path}/status`).length === 1 ? true : null;
      });
      const restart = await runProgram(client, [...files, "--restart"]);
      assertEquals(restart.code, 0, restart.stderr);
      assertEquals(
        readStatus(`${folder.path}/status`).map(({ generation }) => generation),
        [2],
      );
      assertEquals((await runProgram(client, [...files, "--stop"])).code, 0);
      assertEquals((await child.result()).code, 0);
    }
  },
);
