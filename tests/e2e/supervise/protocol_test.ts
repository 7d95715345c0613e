/** Server::Starter's protocol on the built binary, with programs that are not hayate. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { bindInheritable } from "../../../mod/net/inheritable.ts";
import { libc } from "../../../mod/sys/libc.ts";
import { binaryPath, Child, runHayate, runProgram } from "../../support/binary.ts";
import { freePort, tempFolder } from "../../support/ports.ts";
import {
  environmentOf,
  isAlive,
  sleeper,
  startServerLink,
  startSupervised,
} from "../../support/supervise.ts";

Deno.test("supervise runs a program without any port: SERVER_STARTER_PORT is set and empty", async () => {
  await using folder = await tempFolder();
  await using supervisor = startSupervised(folder, ["--interval", "0", "--", ...sleeper]);
  const [first] = await supervisor.waitForGenerations(1);
  const environment = environmentOf(first.pid);
  assertEquals(environment["SERVER_STARTER_PORT"], "");
  assertEquals(environment["SERVER_STARTER_GENERATION"], "1");
  supervisor.child.kill("SIGHUP");
  const [second] = await supervisor.waitForGenerations(2);
  assertEquals(environmentOf(second.pid)["SERVER_STARTER_GENERATION"], "2");
});

Deno.test("supervise names its sockets like Server::Starter, in the same order", async () => {
  await using folder = await tempFolder();
  const [a, b, c, d] = [freePort(), freePort(), freePort(), freePort()];
  const args = [
    "--path",
    `${folder.path}/x.sock`,
    `--port=${a}`,
    `--port=127.0.0.1:${b}`,
    `--port=[::1]:${c}=9`,
    `--port=u${d}`,
  ];
  await using supervisor = startSupervised(folder, [...args, "--interval=0", "--", ...sleeper]);
  const [{ pid }] = await supervisor.waitForGenerations(1);
  const text = environmentOf(pid)["SERVER_STARTER_PORT"];
  assertEquals(
    text,
    `${a}=4;127.0.0.1:${b}=5;[::1]:${c}=9;${d}=6;${folder.path}/x.sock=7`,
  );
  for (const number of [4, 5, 6, 7, 9]) {
    assertMatch(await Deno.readLink(`/proc/${pid}/fd/${number}`), /^socket:/);
  }
  assertEquals(((await Deno.stat(`${folder.path}/x.sock`)).mode ?? 0) & 0o777, 0o777);
  await supervisor.child.waitForLine("socket is duplicated to file descriptor 9");
});

Deno.test("supervise: explicit descriptors are reserved first, number 0 included", async () => {
  await using folder = await tempFolder();
  const [a, b] = [freePort(), freePort()];
  const args = [`--port=${a}`, `--port=${b}=4`, `--port=0=0`, "--interval=0", "--"];
  await using supervisor = startSupervised(folder, [...args, ...sleeper]);
  const [{ pid }] = await supervisor.waitForGenerations(1);
  assertEquals(environmentOf(pid)["SERVER_STARTER_PORT"], `${a}=5;${b}=4;0=0`);
  assertMatch(await Deno.readLink(`/proc/${pid}/fd/0`), /^socket:/);
});

Deno.test("supervise passes inherited descriptors on to its workers", async () => {
  await using folder = await tempFolder();
  const script = `exec "$0" supervise --interval 0 --status-file ${folder.path}/status -- ` +
    `sleep 1000 5</dev/null`;
  const child = new Child("sh", ["-c", script, binaryPath]);
  try {
    const pid = await child.waitUntil("a worker", () => {
      const found = /starting new worker (\d+)/.exec(child.stderr);
      return found === null ? null : Number(found[1]);
    });
    assertEquals(await Deno.readLink(`/proc/${pid}/fd/5`), "/dev/null");
  } finally {
    await child.stop();
  }
});

Deno.test("supervise writes 0.35's lines through start, HUP and TERM, and exits with 0", async () => {
  await using folder = await tempFolder();
  const link = await startServerLink(folder);
  const child = new Child(link, ["--kill-old-delay=1", "--interval=1", "--", ...sleeper]);
  await child.waitForLine("starting new worker");
  await new Promise((resolve) => setTimeout(resolve, 1200));
  child.kill("SIGHUP");
  await child.waitForLine(/old worker \d+ died/);
  const { code, stderr } = await child.stop();
  assertEquals(code, 0);
  const pids = [...stderr.matchAll(/starting new worker (\d+)/g)].map((match) => match[1]);
  assertEquals(stderr.trimEnd().split("\n"), [
    `start_server (pid:${child.pid}) starting now...`,
    `starting new worker ${pids[0]}`,
    "received HUP, spawning a new worker",
    `starting new worker ${pids[1]}`,
    `new worker is now running, sending TERM to old workers:${pids[0]}`,
    "sleeping 1 secs before killing old workers",
    "killing old workers",
    `old worker ${pids[0]} died, status:15`,
    `received TERM, sending TERM to all workers:${pids[1]}`,
    `worker ${pids[1]} died, status:15`,
    "exiting",
  ]);
});

Deno.test("supervise: --signal-on-hup and --signal-on-term reach the workers, INT always sends TERM", async () => {
  await using folder = await tempFolder();
  const record = (name: string) => `trap 'echo ${name} >>${folder.path}/got; exit' ${name}`;
  const script = ["USR1", "QUIT", "TERM"].map(record).join("; ") +
    "; echo up; while :; do sleep 0.05; done";
  for (const [signal, expected] of [["SIGTERM", "QUIT"], ["SIGINT", "TERM"]] as const) {
    await Deno.writeTextFile(`${folder.path}/got`, "");
    const flags = ["--signal-on-hup", "sigusr1", "--signal-on-term", "quit", "--interval", "1"];
    const supervisor = startSupervised(folder, [...flags, "--", "sh", "-c", script]);
    await supervisor.waitForGenerations(1);
    supervisor.child.kill("SIGHUP");
    await supervisor.waitForGenerations(2);
    await supervisor.child.stop(signal);
    assertEquals(await Deno.readTextFile(`${folder.path}/got`), `USR1\n${expected}\n`);
  }
});

Deno.test("supervise drains on QUIT and leaves no orphan", async () => {
  await using folder = await tempFolder();
  const supervisor = startSupervised(folder, ["--interval=0", "--", ...sleeper]);
  const [{ pid }] = await supervisor.waitForGenerations(1);
  const { code } = await supervisor.child.stop("SIGQUIT");
  assertEquals([code, isAlive(pid)], [0, false]);
});

Deno.test("supervise: a failed start is retried while the old generation serves", async () => {
  await using folder = await tempFolder();
  const script = `[ -e ${folder.path}/bad ] && exit 3; exec sleep 1000`;
  const flags = ["--interval=1", "--path", `${folder.path}/a.sock`];
  await using supervisor = startSupervised(folder, [...flags, "--", "sh", "-c", script]);
  const [{ pid }] = await supervisor.waitForGenerations(1);
  await folder.write("bad", "");
  supervisor.child.kill("SIGHUP");
  await supervisor.child.waitForLine(/seems to have failed to start, exit status:768/);
  assertEquals(supervisor.status().map((line) => line.pid), [pid]);
  assert((await Deno.stat(`${folder.path}/a.sock`)).isSocket, "the parent's files are untouched");
  await Deno.remove(`${folder.path}/bad`);
  const [{ generation }] = await supervisor.child.waitUntil("a later generation", () => {
    const lines = supervisor.status();
    return lines.length === 1 && lines[0].pid !== pid ? lines : null;
  });
  assert(generation >= 3, `generation ${generation}`);
  assert(!isAlive(pid));
});

Deno.test("supervise: a program that cannot be run changes none of our files and is not retried in a busy loop", async () => {
  await using folder = await tempFolder();
  const flags = ["--path", `${folder.path}/a.sock`, "--interval=0", "--max-start-failures=0"];
  await using supervisor = startSupervised(folder, [...flags, "--", "/no/such/program"]);
  await supervisor.child.waitForLine("failed to exec /no/such/program: no such file or directory");
  await new Promise((resolve) => setTimeout(resolve, 1500));
  const tries = supervisor.lines().filter((line) => line.includes("failed to exec")).length;
  assert(tries >= 3 && tries <= 5, `${tries} tries in 1.5 s`);
  assert((await Deno.stat(`${folder.path}/a.sock`)).isSocket);
  assertEquals(await Deno.readTextFile(supervisor.pidFile), `${supervisor.child.pid}\n`);
});

Deno.test("supervise: --dir is the workers' folder; a missing one does not end the supervisor", async () => {
  await using folder = await tempFolder();
  await using supervisor = startSupervised(folder, [
    "--dir=/usr",
    "--interval=0",
    "--",
    ...sleeper,
  ]);
  const [{ pid }] = await supervisor.waitForGenerations(1);
  assertEquals(await Deno.readLink(`/proc/${pid}/cwd`), "/usr");
});

Deno.test("supervise reads --envdir before every start; a removed file restores the old value", async () => {
  await using folder = await tempFolder();
  await folder.write("env/FOO", "new\nsecond line\n");
  await folder.write("env/.HIDDEN", "x");
  await folder.write("env/EMPTY", "");
  const flags = [`--envdir=${folder.path}/env`, "--interval=0", "--"];
  await using supervisor = startSupervised(folder, [...flags, ...sleeper], { env: { FOO: "v1" } });
  const [first] = await supervisor.waitForGenerations(1);
  const environment = environmentOf(first.pid);
  assertEquals(environment["FOO"], "new");
  assertEquals(environment["ENVDIR"], `${folder.path}/env`);
  assertEquals([environment[".HIDDEN"], environment["EMPTY"]], [undefined, undefined]);
  await Deno.remove(`${folder.path}/env/FOO`);
  await folder.write("env/BAR", "b\n");
  supervisor.child.kill("SIGHUP");
  const [second] = await supervisor.waitForGenerations(2);
  const later = environmentOf(second.pid);
  assertEquals([later["FOO"], later["BAR"]], ["v1", "b"]);
});

Deno.test("supervise exports its options like 0.35; a file of the envdir overrides an option", async () => {
  await using folder = await tempFolder();
  await folder.write("env/KILL_OLD_DELAY", "0\n");
  const flags = [
    `--envdir=${folder.path}/env`,
    "--kill-old-delay=60",
    "--enable-auto-restart",
    "--auto-restart-interval=100",
    "--interval=0",
    "--",
  ];
  await using supervisor = startSupervised(folder, [...flags, ...sleeper]);
  const [{ pid }] = await supervisor.waitForGenerations(1);
  const environment = environmentOf(pid);
  assertEquals(environment["KILL_OLD_DELAY"], "0");
  assertEquals(environment["ENABLE_AUTO_RESTART"], "1");
  assertEquals(environment["AUTO_RESTART_INTERVAL"], "100");
  supervisor.child.kill("SIGHUP");
  await supervisor.waitForGenerations(2);
});

Deno.test("supervise: automatic restart replaces the worker after the interval", async () => {
  await using folder = await tempFolder();
  const flags = ["--enable-auto-restart", "--auto-restart-interval=1", "--kill-old-delay=0"];
  await using supervisor = startSupervised(folder, [...flags, "--interval=0", "--", ...sleeper]);
  await supervisor.waitForGenerations(2);
  await supervisor.child.waitForLine("autorestart triggered (interval=1)");
});

Deno.test("supervise exits with the errno of a port in use, in one clear line", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  const result = await runHayate(["supervise", "--port", `127.0.0.1:${port}`, "--", "true"]);
  listener.close();
  assertEquals(result.code, 98);
  assertEquals(result.stderr.trimEnd().split("\n").slice(1), [
    `hayate supervise: 127.0.0.1:${port} in use: another process listens on it`,
  ]);
});

Deno.test("supervise reports wrong usage with 2, as start_server with its own codes", async () => {
  await using folder = await tempFolder();
  const link = await startServerLink(folder);
  const usage = await runHayate(["supervise", "--signal-on-hup=NOPE", "--", "true"]);
  assertEquals(usage.code, 2, usage.stderr);
  const nearest = await runHayate(["supervise", "--pid-fiel=x", "--", "true"]);
  assertMatch(nearest.stderr, /did you mean --pid-file\?/);
  assertEquals((await runProgram(link, ["--nope", "--", "true"])).code, 1);
  assertEquals((await runProgram(link, [])).code, 255);
  assertEquals((await runProgram(link, ["--port=:80", "--", "true"])).code, 255);
  assertEquals((await runProgram(link, ["--log-file=/no/dir/f", "--", "true"])).code, 2);
  const help = await runProgram(link, ["--help"]);
  assertEquals(help.code, 0);
  assertMatch(help.stdout, /--kill-old-delay/);
});

Deno.test("supervise keeps a regular file at --path and replaces a stale socket", async () => {
  await using folder = await tempFolder();
  const path = await folder.write("a.sock", "precious");
  const refused = await runHayate(["supervise", "--path", path, "--", "true"]);
  assert(refused.code !== 0);
  assertEquals(await Deno.readTextFile(path), "precious");
  await Deno.remove(path);
  // Deno's own listener removes its file; one that died does not.
  libc.close(bindInheritable({ kind: "unix", path }, { backlog: 1 }));
  await using supervisor = startSupervised(folder, [
    "--path",
    path,
    "--interval=0",
    "--",
    ...sleeper,
  ]);
  await supervisor.waitForGenerations(1);
  await supervisor.child.waitForLine(`removing existing socket file:${path}`);
});

Deno.test("supervise sets mode, owner and group of its socket files", async () => {
  await using folder = await tempFolder();
  const path = `${folder.path}/a.sock`;
  const { uid, gid } = await Deno.stat(folder.path);
  const flags = ["--socket-mode=0660", `--socket-owner=${uid}`, `--socket-group=${gid}`];
  await using supervisor = startSupervised(folder, [
    "--path",
    path,
    ...flags,
    "--interval=0",
    "--",
    ...sleeper,
  ]);
  await supervisor.waitForGenerations(1);
  const info = await Deno.stat(path);
  assertEquals([(info.mode ?? 0) & 0o777, info.uid, info.gid], [0o660, uid, gid]);
});
