/**
 * `hayate load --on swarm:N` on a Swarm of two real Docker Engines
 * (`scripts/with_docker scripts/image --test`).
 */
import { assertEquals, assertMatch } from "@std/assert";
import type { ReportJson } from "../../mod/load/report/json/report_json.ts";
import { runHayate, startHayate } from "../support/binary.ts";
import { docker, image, waitUntil } from "../support/docker.ts";
import { tempFolder } from "../support/ports.ts";
import { ReferenceServer } from "../support/reference_server.ts";
import { startSwarm, type Swarm, swarmTest } from "../support/swarm_nodes.ts";

const patient = { waitTimeoutMs: 120_000, stopTimeoutMs: 120_000 };

if (Deno.env.get("HAYATE_ENGINE") === "docker") {
  swarmTest("load --on swarm: one run of tasks on two nodes, and nothing stays", async () => {
    await using swarm = await startSwarm();
    await using server = await ReferenceServer.start(swarm.host);
    await killedRun(swarm, server);
    await exactRun(swarm, server);
    await endedRun(swarm, server);
    await missingImage(swarm, server);
  });
}

function loadArgs(...args: readonly string[]): string[] {
  return ["load", "--on", "swarm:3", "--image", image, ...args];
}

/** The coordinator is killed: the tasks end. */
async function killedRun(swarm: Swarm, server: ReferenceServer): Promise<void> {
  await using child = startHayate(
    loadArgs("-c", "3", "-R", "30", "-d", "10m", server.url("/")),
    patient,
  );
  await child.waitForLine("threads and");
  await child.stop("SIGKILL");
  await waitUntil("the end of all tasks", async () => {
    const args = ["ps", "--quiet", "--filter", "name=hayate-load-"];
    return await docker(...args) === "" && await swarm.onWorker(...args) === "";
  }, 60_000);
}

/** Says what the killed run has left, and comes out to the request. */
async function exactRun(swarm: Swarm, server: ReferenceServer): Promise<void> {
  await using folder = await tempFolder();
  await folder.write("lib/path.ts", 'export const path: string = "/?t";\n');
  await folder.write("body.bin", "x".repeat(1000));
  await folder.write(
    "s.ts",
    'import { path } from "./lib/path.ts";\n' +
      'export function setup(thread) { thread.set("id", thread.index); }\n' +
      'export function init() { console.log("thread", globalThis.id); }\n' +
      "export function request() { return { path: path + globalThis.id }; }\n" +
      'export function done(summary) { console.log("done", summary.requests); }\n',
  );
  await server.stats();
  const { code, stdout, stderr } = await runHayate(
    loadArgs(
      ...["-s", "s.ts", "--body-file", "body.bin", "-X", "POST", "-c", "10", "-n", "1000"],
      ...["--json", "all.json", "--fail-if", "requests<1000", server.url("/")],
    ),
    { cwd: folder.path, ...patient },
  );
  assertEquals(code, 0, stderr);
  const [left, ...said] = stderr.trim().split("\n");
  for (const command of removalIn(left)) await docker(...command);
  const tasks = await tasksIn(folder.path);
  const names = tasks.map((line) => `${line.name}: thread ${line.index}`).sort();
  assertEquals(said.sort(), names.map((name) => `hayate load: ${name}`));
  assertEquals([...new Set(tasks.map(({ node }) => node))].sort(), [...swarm.nodes].sort());
  assertMatch(stdout, /^Running 1000 requests test @ .*\n {2}3 threads and 10 connections\n/);
  assertMatch(stdout, /\n {2}1000 requests in [^]*\ndone 1000\n$/);
  const stats = await server.stats();
  assertEquals(stats.byTarget, { "POST /?t0": 334, "POST /?t1": 333, "POST /?t2": 333 });
  const [run] = await runsIn(folder.path);
  assertEquals([run.requestsAnswered, run.bytesSent, run.bytesRead], [
    ...[1000, stats.bytesIn, stats.bytesOut],
  ]);
  assertEquals(run.machines?.map(({ requestsAnswered }) => requestsAnswered), [334, 333, 333]);
  await expectNothingLeft(swarm);
}

/** The commands of the advice on a run that was killed, without `docker`. */
function removalIn(line: string): string[][] {
  const match = /^hayate load: \S+ is left in the Swarm \(.*\); to remove it: (.*)$/.exec(line);
  if (match === null) throw new Error(`Cannot find advice in ${line}`);
  const commands = match[1].split("; ").map((command) => command.split(" "));
  assertEquals(commands.map((words) => words.slice(0, -1).join(" ")), [
    ...["docker service rm", "docker secret rm", "docker network rm"],
  ]);
  return commands.map((words) => words.slice(1));
}

async function tasksIn(folder: string): Promise<{ name: string; node: string; index: number }[]> {
  const [run] = await runsIn(folder);
  return (run.machines ?? []).map(({ name, hostName }, index) => ({ name, node: hostName, index }));
}

async function runsIn(folder: string): Promise<ReportJson["runs"]> {
  return (JSON.parse(await Deno.readTextFile(`${folder}/all.json`)) as ReportJson).runs;
}

/** A task is killed, then the run is ended. */
async function endedRun(swarm: Swarm, server: ReferenceServer): Promise<void> {
  await using child = startHayate(
    loadArgs("-c", "3", "-R", "30", "-d", "10m", server.url("/")),
    patient,
  );
  await child.waitForLine("threads and");
  await swarm.onWorker("kill", (await swarm.onWorker("ps", "--quiet")).split("\n")[0]);
  await child.waitForLine(/is lost/);
  const { code, stdout, stderr } = await child.stop("SIGTERM");
  assertMatch(
    stderr,
    new RegExp(`^hayate load: task \\d on ${swarm.nodes[1]} is lost: .*\\(137\\)\n$`),
  );
  assertMatch(
    stdout,
    /\n {2}\d+ requests in [^]*\nMachine task \d on \S+: lost, and in no figure: /,
  );
  assertEquals(code, 143);
  await expectNothingLeft(swarm);
}

/** The manager has the image, the worker has not, and no registry is there. */
async function missingImage(swarm: Swarm, server: ReferenceServer): Promise<void> {
  const tag = `hayate-test-${Deno.pid}:manager`;
  await docker("tag", image, tag);
  const args = loadArgs("--image", tag, "-c", "3", server.url("/"));
  const { code, stderr } = await runHayate(args, patient);
  await docker("image", "rm", tag);
  const [worker] = swarm.nodes.slice(1);
  assertMatch(stderr, new RegExp(`: task \\d on ${worker} did not come: rejected: .*${tag}`));
  assertMatch(stderr, /\nhayate load: \d of 3 machines can take part, at least 3 are needed/);
  assertEquals(code, 1);
  await expectNothingLeft(swarm);
}

/** Neither objects of the Swarm nor containers, dead ones included. */
async function expectNothingLeft(swarm: Swarm): Promise<void> {
  for (const kind of ["service", "secret", "network"]) {
    assertEquals(await docker(kind, "ls", "--quiet", "--filter", "label=hayate.load"), "", kind);
  }
  const args = ["ps", "--all", "--quiet", "--filter", "name=hayate-load-"];
  await waitUntil("no containers", async () => {
    return await docker(...args) === "" && await swarm.onWorker(...args) === "";
  });
}
