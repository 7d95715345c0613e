/**
 * `hayate load --on swarm:N` with a docker that runs the relay and the tasks as local processes.
 * tests/image/swarm_load_test.ts has real engines.
 */
import { assertEquals, assertMatch } from "@std/assert";
import { binaryPath, runHayate, startHayate } from "../../support/binary.ts";
import { type TempFolder, tempFolder } from "../../support/ports.ts";
import { ReferenceServer } from "../../support/reference_server.ts";

/**
 * Answers as docker does, and notes each command. The image `none` is nowhere, and `slow` is on its
 * way for ever; the tasks of `broken` are rejected.
 */
const docker = `#!/bin/sh
cd "$(dirname "$0")" && echo "$*" >> calls
state() { echo "{\\"ID\\":\\"id$1\\",\\"Name\\":\\"x.$1\\",\\"Node\\":\\"n$1\\",\\"CurrentState\\":\\"$2 1 second ago\\",\\"Error\\":\\"$3\\"}"; }
case "$1 $2" in
"node ls")
  [ ! -e worker ] || { echo 'Error response from daemon: This node is not a swarm manager.' >&2; exit 1; } ;;
"image inspect") case "$5" in none) exit 1 ;; esac ;;
"pull --quiet") printf 'Error response from daemon: pull access denied for %s\\n\\nRun more\\n' "$3" >&2; exit 1 ;;
"service ls") [ ! -e left ] || echo hayate-load-left ;;
"secret ls") [ ! -e left ] || echo hayate-load-left 1 ;;
"run --interactive") exec "$HAYATE" load relay ;;
"inspect --type") echo 127.0.0.1 ;;
"secret create") cat > secret ;;
"service create")
  case "$*" in *--bad*) printf 'unknown flag: --bad\\n\\nUsage: ...\\n\\nRun it\\n' >&2; exit 125 ;; esac
  n=$(echo "$*" | sed 's/.*--replicas \\([0-9]*\\).*/\\1/'); echo "$*" > service; echo "$n" > n; : > log
  case "$*" in *" slow load "* | *" broken load "*) exit ;; esac
  for i in $(seq "$n"); do
    export HAYATE_TASK_ID=id$i HAYATE_TASK_SLOT=$i HAYATE_TASK_NODE=n$i
    { "$HAYATE" load join --relay "$PWD/secret" 2>&1 < /dev/null & echo $! > "pid$i"; wait; } |
      sed -u "s/^/x.$i.id$i@n$i    | /" >> log &
  done ;;
"service ps")
  for last; do :; done
  [ "$last" != hayate-load-left ] || { state 1 Failed; exit; }
  [ ! -e scaled ] || exit 0
  for i in $(seq "$(cat n)"); do
    case "$(cat service)" in
    *" slow load "*) state "$i" Preparing "" ;;
    *" broken load "*) state "$i" Rejected "\\\\\\"No such image: x\\\\\\"" ;;
    *) [ -e "/proc/$(cat "pid$i")" ] && state "$i" Running "" ||
       state "$i" Failed "\\\\\\"task: non-zero exit (137)\\\\\\"" ;;
    esac
  done ;;
"service logs") exec tail -n +1 -f log ;;
"service scale") : > scaled; for pid in pid*; do [ -e "$pid" ] && kill "$(cat "$pid")" 2>/dev/null; done; exit 0 ;;
"network "* | *" rm") ;;
*) echo "unknown: $*" >&2; exit 1 ;;
esac
`;

interface FakeSwarm extends AsyncDisposable {
  readonly folder: TempFolder;
  readonly env: Record<string, string>;
  /** What docker was asked for, in order. */
  calls(): Promise<string[]>;
}

async function fakeSwarm(): Promise<FakeSwarm> {
  const folder = await tempFolder();
  await folder.write("docker", docker, 0o755);
  return {
    folder,
    env: { PATH: `${folder.path}:${Deno.env.get("PATH")}`, HAYATE: binaryPath },
    calls: async () => (await Deno.readTextFile(`${folder.path}/calls`)).trim().split("\n"),
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  };
}

const patient = { waitTimeoutMs: 120_000 };

Deno.test("load --on swarm runs one test in the tasks of a service, and removes everything", async () => {
  await using server = await ReferenceServer.start();
  await using swarm = await fakeSwarm();
  const { env, folder } = swarm;
  await folder.write("left", "");
  await folder.write("s.js", 'export function init() { console.log("I am here"); }\n');
  await server.stats();
  const { code, stdout, stderr } = await runHayate([
    ...["load", "--on", "swarm:3", "--on-option=--limit-cpu=1", "-c", "7", "-n", "100"],
    ...["-s", "s.js", server.url("/")],
  ], { env, cwd: folder.path, ...patient });
  assertEquals(code, 0, stderr);
  assertMatch(stdout, /\n {2}100 requests in /);
  assertEquals((await server.stats()).requests, 100);
  assertEquals(stderr.trim().split("\n").sort(), [
    "hayate load: hayate-load-left is left in the Swarm (an earlier run that was killed); " +
    "to remove it: docker service rm hayate-load-left; docker secret rm hayate-load-left",
    ...[1, 2, 3].map((number) => `hayate load: task ${number} on n${number}: I am here`),
  ]);
  const calls = (await swarm.calls()).filter((line) => / create | rm |^run |scale/.test(line));
  const name = /hayate-load-\w{8}/.exec(calls[0])![0];
  assertEquals(calls.map((line) => line.split(" ").slice(0, 2).join(" ")), [
    ...["network create", "run --interactive", "secret create", "service create"],
    ...["service scale", "service rm", "secret rm", "network rm"],
  ]);
  for (const call of calls) assertMatch(call, new RegExp(name));
  assertMatch(
    calls[3],
    / --replicas 3 --restart-condition none .* --limit-cpu=1 hayate load join /,
  );
});

const faults: readonly [what: string, flags: string[], files: string[], reason: RegExp][] = [
  ["a worker", [], ["worker"], /^hayate load: --on swarm: This node is not a swarm manager\.\n$/],
  [
    "an unknown image",
    ["--image", "none"],
    [],
    /^hayate load: the image none \(--image\): pull access denied for none\n$/,
  ],
  [
    "a wrong option",
    ["--on-option=--bad"],
    [],
    /^hayate load: docker service create: unknown flag: --bad\n$/,
  ],
  [
    "tasks that do not start",
    ["--image", "slow", "--on-timeout", "3s"],
    [],
    /: a machine did not come within 3 seconds: task 2 on n2: preparing\n.*\n.*0 of 2 machines can/,
  ],
  [
    "rejected tasks",
    ["--image", "broken"],
    [],
    /: task 1 on n1 did not come: rejected: No such image: x\nhayate load: task 2 on n2 did not/,
  ],
];

Deno.test("load --on swarm says what is missing, and leaves nothing", async (test) => {
  for (const [what, flags, files, reason] of faults) {
    await test.step(what, async () => {
      await using swarm = await fakeSwarm();
      for (const file of files) await swarm.folder.write(file, "");
      const args = ["load", "--on", "swarm:2", "-c", "2", ...flags, "http://127.0.0.1:1/"];
      const { code, stdout, stderr } = await runHayate(args, { env: swarm.env, ...patient });
      assertEquals([code, stdout], [1, ""], stderr);
      assertMatch(stderr, reason);
      const calls = await swarm.calls();
      for (const kind of ["network", "secret", "service"]) {
        const made = calls.some((line) => line.startsWith(`${kind} create`));
        assertEquals(calls.some((line) => line.startsWith(`${kind} rm`)), made, kind);
      }
    });
  }
  const env = { PATH: "/nonexistent" };
  const args = ["load", "--on", "swarm:2", "http://127.0.0.1:1/"];
  const { code, stderr } = await runHayate(args, { env });
  assertEquals([code, stderr], [1, "hayate load: --on swarm: docker: not found in PATH\n"]);
});

Deno.test("load --on swarm: a killed task is lost, and INT before the run removes everything", async () => {
  await using server = await ReferenceServer.start();
  {
    await using swarm = await fakeSwarm();
    await using child = startHayate([
      ...["load", "--on", "swarm:2", "-c", "4", "-R", "50", "-d", "5s", server.url("/")],
    ], { env: swarm.env, ...patient });
    await child.waitForLine("threads and");
    Deno.kill(Number(await Deno.readTextFile(`${swarm.folder.path}/pid2`)), "SIGKILL");
    const { code, stdout, stderr } = await child.result();
    assertMatch(
      stderr,
      /: task 2 on n2 is lost: the connection to it (?:ended|failed: .*); failed: task: non-zero exit \(137\)\n/,
    );
    assertMatch(stdout, /\n {2}125 requests in /);
    assertEquals(code, 1);
  }
  await using swarm = await fakeSwarm();
  const args = ["load", "--on", "swarm:2", "--image", "slow", "-c", "4", server.url("/")];
  await using child = startHayate(args, { env: swarm.env, ...patient });
  await child.waitUntil("the service", async () => {
    const calls = await swarm.calls().catch(() => []);
    return calls.some((line) => line.startsWith("service ps")) ? true : null;
  });
  const { code, stderr } = await child.stop("SIGINT");
  assertEquals([code, stderr], [130, "hayate load: interrupted before the run\n"]);
  const removed = (await swarm.calls()).filter((line) => / rm /.test(line));
  assertEquals(removed.map((line) => line.split(" ")[0]), ["service", "secret", "network"]);
});
