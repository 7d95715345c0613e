/** Pid file, background, logs, and the commands that control a running supervisor. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import {
  binaryPath,
  Child,
  runHayate,
  runProgram,
  sleep,
  trySignal,
} from "../../support/binary.ts";
import { freePort, type TempFolder, tempFolder } from "../../support/ports.ts";
import { connectTo, tcp } from "../../support/raw_socket.ts";
import {
  isAlive,
  readStatus,
  sleeper,
  startServerLink,
  startSupervised,
} from "../../support/supervise.ts";

Deno.test("supervise refuses a second instance on a pid file and names the first one's pid", async () => {
  await using folder = await tempFolder();
  await using supervisor = startSupervised(folder, ["--interval=0", "--", ...sleeper]);
  await supervisor.waitForGenerations(1);
  const second = await runHayate(["supervise", "--pid-file", supervisor.pidFile, "--", "true"]);
  assert(second.code !== 0);
  assertStringIncludes(second.stderr, `held by process ${supervisor.child.pid}`);
  assertEquals(await Deno.readTextFile(supervisor.pidFile), `${supervisor.child.pid}\n`);
});

Deno.test("supervise takes over a stale pid file and removes it at the end", async () => {
  await using folder = await tempFolder();
  await folder.write("pid", `${Deno.pid}\n`);
  const supervisor = startSupervised(folder, ["--interval=0", "--", ...sleeper]);
  await supervisor.waitForGenerations(1);
  assertEquals(await Deno.readTextFile(supervisor.pidFile), `${supervisor.child.pid}\n`);
  await supervisor.child.stop();
  assertEquals([...Deno.readDirSync(folder.path)].map(({ name }) => name), []);
});

Deno.test("supervise --daemonize returns once it is up; --stop once it has exited", async () => {
  await using folder = await tempFolder();
  const port = freePort();
  const link = await startServerLink(folder);
  const files = [`--pid-file=${folder.path}/pid`, `--log-file=${folder.path}/log`];
  const socket = `${folder.path}/a.sock`;
  const started = await runProgram(link, [
    `--port=127.0.0.1:${port}`,
    `--path=${socket}`,
    ...files,
    "--daemonize",
    "--interval=0",
    "--",
    ...sleeper,
  ]);
  assertEquals(started.code, 0, started.stderr);
  const pid = Number(await Deno.readTextFile(`${folder.path}/pid`));
  assertEquals(started.stderr, `start_server (pid:${pid}) starting now...\n`);
  assertEquals(await Deno.readLink(`/proc/${pid}/fd/0`), "/dev/null");
  assert((await Deno.stat(socket)).isSocket);
  (await connectTo(tcp(port))).close();
  const stopped = await runProgram(link, ["--stop", `--pid-file=${folder.path}/pid`]);
  assertEquals(stopped.code, 0, stopped.stderr);
  assertMatch(
    stopped.stderr,
    new RegExp(`^stop_server \\(pid:\\d+\\) stopping now \\(pid:${pid}\\)`),
  );
  assert(!isAlive(pid));
  const left = [...Deno.readDirSync(folder.path)].map(({ name }) => name).sort();
  assertEquals(left, ["log", "start_server"]);
  assertMatch(await Deno.readTextFile(`${folder.path}/log`), /^starting new worker \d+\n/);
});

Deno.test("supervise --daemonize reports a failed start to the caller, with its exit code", async () => {
  await using folder = await tempFolder();
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  const args = ["supervise", `--port=127.0.0.1:${port}`, `--log-file=${folder.path}/log`];
  const result = await runHayate([...args, "--daemonize", "--", "true"]);
  listener.close();
  assertEquals(result.code, 98);
  assertStringIncludes(result.stderr, "in use");
});

Deno.test("--stop and --restart name a dead supervisor and exit with 3", async () => {
  await using folder = await tempFolder();
  await folder.write("pid", "1073741823\n");
  await folder.write("status", "1:1073741822\n");
  const files = [`--pid-file=${folder.path}/pid`, `--status-file=${folder.path}/status`];
  for (const command of ["--stop", "--restart"]) {
    const result = await runHayate(["supervise", command, ...files]);
    assertEquals(result.code, 3, `${command}: ${result.stderr}`);
  }
  await folder.write("pid", "");
  assertEquals((await runHayate(["supervise", "--stop", ...files])).code, 2);
});

/** A worker that fails to start while `bad` exists. */
function fragile(folder: TempFolder): string[] {
  return ["sh", "-c", `[ -e ${folder.path}/bad ] && exit 3; exec sleep 1000`];
}

Deno.test("--stop and --restart quote the content of a broken pid file or status file", async () => {
  await using folder = await tempFolder();
  const files = [`--pid-file=${folder.path}/pid`, `--status-file=${folder.path}/status`];
  const vectors: [pid: string, command: string, complaint: string][] = [
    ["pid", "--stop", `${folder.path}/pid: found "pid", expected the pid of a supervisor`],
    // As a 32-bit number it would be process 1.
    [
      "4294967297",
      "--stop",
      `${folder.path}/pid: found "4294967297", expected the pid of a supervisor`,
    ],
    // The test's own pid: if the file were trusted, HUP would end this test.
    [
      String(Deno.pid),
      "--restart",
      `${folder.path}/status:2: found "{\\"a\\":1}", expected GENERATION:PID`,
    ],
  ];
  await folder.write("status", '1:2\n{"a":1}\n');
  for (const [pid, command, complaint] of vectors) {
    await folder.write("pid", `${pid}\n`);
    const { code, stderr } = await runHayate(["supervise", command, ...files]);
    assert(code !== 0);
    assertEquals(stderr.trimEnd().split("\n"), [`hayate supervise: ${complaint}`]);
  }
});

for (
  const [variable, value] of [
    ["HAYATE_CHANNEL_FD", "77"],
    ["HAYATE_CHANNEL_FD", "x"],
    ["HAYATE_CHANNEL_FD", "4294967296"],
  ]
) {
  Deno.test(`proxy and serve refuse ${variable}=${value}, which is not a descriptor`, async () => {
    for (const args of [["proxy"], ["serve", "--text", "a"]]) {
      const env = { [variable]: value, SERVER_STARTER_PORT: "8080=78", HAYATE_SERVE_SLOT: "0" };
      const { code, stderr } = await runHayate(args, { env });
      assertEquals(code, 1, stderr);
      const expected = `${variable}: found "${value}", expected an open descriptor from 3`;
      assertEquals(stderr, `hayate ${args[0]}: ${expected}\n`);
    }
  });
}

Deno.test("--restart and reload end with the real outcome and its reason", async () => {
  await using folder = await tempFolder();
  const flags = ["--interval=0.3", "--max-start-failures=2", "--"];
  await using supervisor = startSupervised(folder, [...flags, ...fragile(folder)]);
  await supervisor.waitForGenerations(1);
  const files = [`--pid-file=${supervisor.pidFile}`, `--status-file=${supervisor.statusFile}`];
  const restart = ["supervise", "--restart", ...files];
  assertEquals((await runHayate(restart)).code, 0);
  assertEquals(supervisor.status().map(({ generation }) => generation), [2]);
  await folder.write("bad", "");
  const failed = await runHayate(restart);
  assertEquals(failed.code, 1);
  assertEquals(failed.stderr, "restart failed: exit code 3; generation 2 keeps serving\n");
  assertEquals(supervisor.status().map(({ generation }) => generation), [2]);
  const reload = await runHayate(["supervise", "reload", supervisor.pidFile]);
  assertEquals([reload.code, reload.stderr], [
    1,
    "restart failed: exit code 3; generation 2 keeps serving\n",
  ]);
  await Deno.remove(`${folder.path}/bad`);
  const good = await runHayate(["supervise", "reload", `${supervisor.pidFile}.sock`]);
  assertEquals([good.code, good.stderr], [0, "generation 7 is serving\n"]);
});

Deno.test("status shows generations, pids, states and the last failure; stop waits", async () => {
  await using folder = await tempFolder();
  const flags = ["--interval=0.3", "--max-start-failures=1", "--"];
  const supervisor = startSupervised(folder, [...flags, ...fragile(folder)]);
  const [{ pid }] = await supervisor.waitForGenerations(1);
  await folder.write("bad", "");
  await runHayate(["supervise", "reload", supervisor.pidFile]);
  const json = await runHayate(["supervise", "status", supervisor.pidFile, "--json"]);
  const status = JSON.parse(json.stdout);
  assertEquals(status.pid, supervisor.child.pid);
  assertEquals(status.phase, "running");
  const serving = status.workers.find((worker: { state: string }) => worker.state === "serving");
  const text = await runHayate(["supervise", "status", supervisor.pidFile]);
  assertEquals(text.code, 0);
  assertMatch(text.stdout, /^supervisor \d+: running, up \d+s/);
  assertMatch(text.stdout, /serving/);
  assertEquals([serving.pid, serving.generation], [pid, 1]);
  assertEquals(status.lastFailure.reason, "exit code 3");
  const stopped = await runHayate(["supervise", "stop", supervisor.pidFile]);
  assertEquals(stopped.code, 0, stopped.stderr);
  assertEquals((await supervisor.child.result()).code, 0);
  const gone = await runHayate(["supervise", "status", supervisor.pidFile]);
  assertEquals(gone.code, 3);
  assertStringIncludes(gone.stderr, "no supervisor is running at");
});

Deno.test("--log-file: USR1 reopens a rotated file, also for running workers", async () => {
  await using folder = await tempFolder();
  const log = `${folder.path}/log`;
  const talker = ["sh", "-c", "while :; do echo tick; sleep 0.02; done"];
  const flags = [`--log-file=${log}`, "--interval=0", "--"];
  await using supervisor = startSupervised(folder, [...flags, ...talker]);
  await supervisor.waitForGenerations(1);
  await Deno.rename(log, `${log}.1`);
  supervisor.child.kill("SIGUSR1");
  await supervisor.child.waitUntil("ticks in the new file", async () => {
    const text = await Deno.readTextFile(log).catch(() => "");
    return text.includes("reopened log file") && text.includes("tick") ? text : null;
  });
  const old = await Deno.readTextFile(`${log}.1`);
  await sleep(100);
  assertEquals(await Deno.readTextFile(`${log}.1`), old, "nothing goes to the old file any more");
  assertEquals(supervisor.lines().length, 1, "behind the first line the log file has everything");
});

Deno.test("--log-file '| command': a logger that dies is restarted, and no write blocks", async () => {
  await using folder = await tempFolder();
  const talker = ["sh", "-c", "while :; do echo tick; sleep 0.02; done"];
  const logger = `| echo $$ >>${folder.path}/loggers; exec cat >>${folder.path}/log`;
  const flags = ["--log-file", logger, "--interval=0", "--"];
  await using supervisor = startSupervised(folder, [...flags, ...talker]);
  const loggers = async () =>
    (await Deno.readTextFile(`${folder.path}/loggers`).catch(() => "")).trim().split("\n");
  const first = Number(
    await supervisor.child.waitUntil("the logger", async () => {
      const [pid] = await loggers();
      return pid === "" ? null : pid;
    }),
  );
  await supervisor.waitForGenerations(1);
  assert(trySignal(first, "SIGKILL"));
  await supervisor.child.waitUntil("a second logger", async () => {
    return (await loggers()).length > 1 ? true : null;
  });
  await supervisor.child.waitUntil("its line", async () => {
    const text = await Deno.readTextFile(`${folder.path}/log`);
    return text.includes("the log command ended (killed by KILL)") ? true : null;
  });
});

Deno.test("--log-format json writes one object per line", async () => {
  await using folder = await tempFolder();
  const supervisor = startSupervised(folder, [
    "--log-format=json",
    "--interval=0",
    "--",
    ...sleeper,
  ]);
  await supervisor.waitForGenerations(1);
  const { stderr } = await supervisor.child.stop();
  const events = stderr.trimEnd().split("\n").map((line) => JSON.parse(line).event);
  assertEquals(events, ["start", "starting", "stopping", "died", "exiting"]);
});

Deno.test("--die-with-parent: workers exit when the supervisor is killed", async () => {
  await using folder = await tempFolder();
  const flags = ["--die-with-parent", "--ready-exec=true", "--"];
  const supervisor = startSupervised(folder, [...flags, ...sleeper]);
  const [{ pid }] = await supervisor.waitForGenerations(1);
  await supervisor.child.waitUntil("the worker's own program", async () => {
    return (await Deno.readTextFile(`/proc/${pid}/comm`)) === "sleep\n" ? true : null;
  });
  supervisor.child.kill("SIGKILL");
  await supervisor.child.status;
  for (let i = 0; i < 100 && isAlive(pid); i++) await sleep(20);
  assert(!isAlive(pid));
});

Deno.test("after KILL the next start takes over sockets and workers without refusing a client", async () => {
  await using folder = await tempFolder();
  const port = freePort();
  const path = `${folder.path}/a.sock`;
  const args = [`--port=127.0.0.1:${port}`, `--path=${path}`, "serve", "--text", "hello"];
  const first = startSupervised(folder, args);
  const [{ pid: orphan }] = await first.waitForGenerations(1);
  first.child.kill("SIGKILL");
  await first.child.status;
  assert(isAlive(orphan));
  let refused = 0;
  let answered = 0;
  let probing = true;
  const probes = (async () => {
    while (probing) {
      const text = await fetch(`http://127.0.0.1:${port}/`).then((r) => r.text()).catch(() => "");
      if (text === "hello") answered++;
      else refused++;
      await sleep(5);
    }
  })();
  await using second = startSupervised(folder, args);
  await second.waitForGenerations(2);
  await second.child.waitForLine(/replacing workers of the supervisor before this:\d+/);
  await second.child.waitForLine(`old worker ${orphan} died, status:unknown`);
  probing = false;
  await probes;
  assertEquals(refused, 0, `${answered} were answered`);
  assert(answered > 10);
  const unix = await connectTo({ kind: "unix", path });
  unix.close();
});

Deno.test("the start lines show what listens where and how to reload, test and stop", async () => {
  const port = freePort();
  const child = new Child(binaryPath, ["supervise"], { env: { PORTS: `127.0.0.1:${port}` } });
  await child.waitForLine(/stop\s+Ctrl-C/);
  assertMatch(child.stderr, new RegExp(`supervises proxy: http://127.0.0.1:${port}/`));
  assertStringIncludes(child.stderr, `reload  kill -HUP ${child.pid}`);
  assertMatch(child.stderr, /load\s+\S*hayate load -c 50 -d 10s http:/);
  await child.stop();
});

Deno.test("readStatus() finds no file of a supervisor that has exited", async () => {
  await using folder = await tempFolder();
  const supervisor = startSupervised(folder, ["--interval=0", "--", ...sleeper]);
  await supervisor.waitForGenerations(1);
  await supervisor.child.stop();
  assertEquals(readStatus(supervisor.statusFile), []);
});
