/** Why a generation of the supervisor has failed, as the one that still serves tells it. */
import { assertEquals, assertMatch } from "@std/assert";
import { type Child, childPids, runHayate, startHayate } from "../../support/binary.ts";
import { peerTest } from "../../support/peers.ts";
import { freePort, type TempFolder, tempFolder } from "../../support/ports.ts";
import { environmentOf, startSupervised } from "../../support/supervise.ts";

/** Several starts in a row, each of an own process, on a machine that runs other tests. */
const waitTimeoutMs = 60_000;

const site = (folder: TempFolder, workers: number, more = "") =>
  `num-threads: ${workers}
control: ${folder.path}/c.sock
hosts: {default: {paths: {/: {status: ON}}}}
${more}`;

async function startProxy(
  folder: TempFolder,
  workers: number,
  flags: readonly string[] = [],
): Promise<Child> {
  const config = await folder.write("h2o.conf", site(folder, workers));
  const env = { PORTS: `127.0.0.1:${freePort()}` };
  const child = startHayate(["supervise", ...flags, "proxy", "-c", config], { env, waitTimeoutMs });
  await child.waitForLine("supervises proxy");
  return child;
}

/** `hayate proxy ctl status`, as soon as it matches. */
async function statusThat(child: Child, folder: TempFolder, pattern: RegExp): Promise<string> {
  return await child.waitUntil(`${pattern} in the status`, async () => {
    const args = ["proxy", "ctl", "--control", `${folder.path}/c.sock`, "status"];
    const { stdout } = await runHayate(args);
    return pattern.test(stdout) ? stdout : null;
  });
}

for (const workers of [1, 2]) {
  Deno.test(`a proxy tells why the next generation failed, num-threads ${workers}`, async () => {
    await using folder = await tempFolder();
    await using child = await startProxy(folder, workers);
    const first = await statusThat(child, folder, /1 +serving/);
    assertMatch(first, /^hayate \S+, generation 1, pid \d+.*, up /);
    assertMatch(first, /\nsupervisor \d+: 0 failed starts, 0 deaths\n +generation /);
    await folder.write("h2o.conf", site(folder, workers, "nonsense: 1\n"));
    child.kill("SIGHUP");
    const why = "exit code 78: \\[\\S*h2o\\.conf:4\\] unknown directive: nonsense";
    const failed = await statusThat(child, folder, /supervisor \d+: [12] failed starts?, 0/);
    assertMatch(failed, new RegExp(`\\nlast failure, 20\\S+Z: generation \\d: ${why}\\n`));
    assertMatch(failed, new RegExp(`\\n +2 +failed +\\d+ +20\\S+ +HUP +${why}\\n`));
    assertMatch(failed, /\n +1 +serving +\d+ +20\S+ +start\n/);
    const metrics = await controlText(folder, "/metrics");
    assertMatch(metrics, /\nhayate_generation_failures_total\{kind="start"\} [12]\n/);
    assertMatch(metrics, /\nhayate_generation_failures_total\{kind="death"\} 0\n/);
    await folder.write("h2o.conf", site(folder, workers));
    child.kill("SIGHUP");
    const after = await statusThat(child, folder, /[345] +serving .* HUP\n/);
    // It stays known.
    assertMatch(after, new RegExp(`last failure, .*${why}`));
    // Only the process that shows it has the descriptor.
    const [master] = childPids(child.pid).slice(-1);
    for (const pid of childPids(master)) {
      assertEquals(environmentOf(pid)["HAYATE_GENERATIONS"], undefined);
    }
  });
}

async function controlText(folder: TempFolder, path: string): Promise<string> {
  const client = Deno.createHttpClient({
    proxy: { transport: "unix", path: `${folder.path}/c.sock` },
  });
  try {
    return await (await fetch(`http://control${path}`, { client })).text();
  } finally {
    client.close();
  }
}

Deno.test("deaths, changed files and a replaced supervisor are told apart", async () => {
  await using folder = await tempFolder();
  await using child = await startProxy(folder, 1, ["--watch"]);
  Deno.kill(childPids(child.pid).at(-1)!, "SIGKILL");
  const dead = await statusThat(child, folder, /2 +serving .* death of generation 1\n/);
  assertMatch(dead, /0 failed starts, 1 death\n/);
  assertMatch(dead, /1 +failed .* start +killed by KILL\n/);
  await folder.write("h2o.conf", site(folder, 1, "# changed\n"));
  await statusThat(child, folder, /3 +serving .*h2o\.conf.*\n/);
  child.kill("SIGUSR2");
  const next = await statusThat(child, folder, /4 +serving .* USR2\n/);
  // The new program continues the list.
  assertMatch(next, /1 +failed .* start +killed by KILL\n/);
  assertMatch(next, /0 failed starts, 1 death\n/);
});

for (const workers of ["1", "2"]) {
  Deno.test(`the supervisor's status knows what an app died of, -w ${workers}`, async () => {
    await using folder = await tempFolder();
    const app = await folder.write("app.ts", "export default { fetch: () => new Response() };\n");
    const port = freePort();
    const status = `${folder.path}/status.sock`;
    await using supervised = startSupervised(folder, [
      ...["--port", `127.0.0.1:${port}`, "--control", `${folder.path}/ctl`],
      ...["serve", "-w", workers, "--status-listen", status, app],
    ], { waitTimeoutMs });
    const { child } = supervised;
    await child.waitForLine("supervises serve");
    await folder.write("app.ts", "export default { fetch( };\n");
    child.kill("SIGHUP");
    const failed = /generation \d+: exit code 78: .*app\.ts:\d+:\d+: Unexpected token/;
    const own = await child.waitUntil("the failure", async () => {
      const { stdout } = await runHayate(["supervise", "status", `${folder.path}/ctl`]);
      return failed.test(stdout) ? stdout : null;
    });
    assertMatch(own, /last failure, \S+ ago: generation \d+: exit code 78: /);
    const { stdout } = await runHayate(["serve", "status", status]);
    assertMatch(stdout, /\nsupervisor \d+: \d+ failed starts?, 0 deaths\n/);
    assertMatch(
      stdout,
      /\n +2 +\d+ failed +\S+s +HUP: exit code 78: .*app\.ts:\d+:\d+: Unexpected token/,
    );
    const json = await runHayate(["serve", "status", "--json", status]);
    assertEquals(JSON.parse(json.stdout).supervisor.generations.at(-1).number, 1);
  });
}

peerTest(
  "python3",
  "another program tells by STATUS= why it is not ready, and has no board",
  async () => {
    await using folder = await tempFolder();
    const program = await folder.write(
      "program.py",
      `import os, socket, time
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.connect("\\0" + os.environ["NOTIFY_SOCKET"][1:])
if os.path.exists("${folder.path}/fails"):
    s.send(b"STATUS=waiting for the \\x1b[31mdatabase")
    raise SystemExit(3)
print("board", os.environ.get("HAYATE_GENERATIONS"), flush=True)
s.send(b"READY=1")
time.sleep(1000)
`,
    );
    await using supervised = startSupervised(folder, [
      ...["--port", `127.0.0.1:${freePort()}`, "--ready-notify", "--control", `${folder.path}/ctl`],
      ...["--", "python3", program],
    ], { waitTimeoutMs });
    const { child } = supervised;
    await child.waitForLine("board None");
    await child.waitForLine("supervises python3");
    await folder.write("fails", "");
    child.kill("SIGHUP");
    // Nothing of it may move the cursor of a terminal.
    await child.waitUntil("the failure", async () => {
      const { stdout } = await runHayate(["supervise", "status", `${folder.path}/ctl`]);
      return /generation \d+: exit code 3: waiting for the {1,2}\[31mdatabase\n/.test(stdout) ||
        null;
    });
  },
);
