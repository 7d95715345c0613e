/** Readiness, probes, limits, slots and systemd on the built binary. */
import { assert, assertEquals } from "@std/assert";
import { allVariables } from "../../../mod/process/environment.ts";
import { spawn } from "../../../mod/process/children/spawn.ts";
import { bindInheritable } from "../../../mod/net/inheritable.ts";
import { libc } from "../../../mod/sys/libc.ts";
import { binaryPath, childPids, runHayate, sleep } from "../../support/binary.ts";
import { peerTest } from "../../support/peers.ts";
import { freePort, tempFolder } from "../../support/ports.ts";
import { connectTo, tcp } from "../../support/raw_socket.ts";
import {
  environmentOf,
  isAlive,
  readStatus,
  sleeper,
  startSupervised,
} from "../../support/supervise.ts";

Deno.test("a line on READY_FD is readiness: the old generation serves until then", async () => {
  await using folder = await tempFolder();
  const script =
    `echo up >>${folder.path}/started; until [ -e ${folder.path}/go ]; do sleep 0.02; ` +
    `done; eval "echo ready >&$READY_FD"; exec sleep 1000`;
  await folder.write("go", "");
  const flags = ["--ready-notify", "--interval=0.1", "--", "sh", "-c", script];
  await using supervisor = startSupervised(folder, flags);
  const [{ pid }] = await supervisor.waitForGenerations(1);
  await Deno.remove(`${folder.path}/go`);
  supervisor.child.kill("SIGHUP");
  await supervisor.child.waitForLine(/received HUP[^]*starting new worker/);
  await sleep(500);
  assertEquals(
    supervisor.status().map((line) => line.pid),
    [pid],
    "five intervals have passed",
  );
  assert(isAlive(pid));
  await folder.write("go", "");
  await supervisor.waitForGenerations(2);
});

peerTest("perl", "READY=1 to NOTIFY_SOCKET is readiness", async () => {
  await using folder = await tempFolder();
  const script = `use Socket; my $n = $ENV{NOTIFY_SOCKET}; $n =~ s/^@/\\0/; ` +
    `socket(my $s, AF_UNIX, SOCK_DGRAM, 0) or die; ` +
    `send($s, "STATUS=here\\nREADY=1", 0, pack_sockaddr_un($n)) or die "send: $!"; sleep 1000;`;
  const flags = ["--ready-notify", "--", "perl", "-e", script];
  await using supervisor = startSupervised(folder, flags);
  await supervisor.waitForGenerations(1);
  supervisor.child.kill("SIGHUP");
  await supervisor.waitForGenerations(2);
});

Deno.test("a worker inherits neither our own starter's variables nor our READY_FD", async () => {
  await using folder = await tempFolder();
  const env = { NOTIFY_SOCKET: "/run/ours", LISTEN_FDS: "1", LISTEN_PID: "1" };
  const flags = ["--interval=0", "--", ...sleeper];
  await using supervisor = startSupervised(folder, flags, { env });
  const [{ pid }] = await supervisor.waitForGenerations(1);
  const environment = environmentOf(pid);
  assert(environment["NOTIFY_SOCKET"].startsWith("@hayate-"));
  assertEquals([environment["LISTEN_FDS"], environment["LISTEN_PID"]], [
    undefined,
    undefined,
  ]);
});

Deno.test("--ready-exec gates a restart and gets the worker's pid and generation", async () => {
  await using folder = await tempFolder();
  const probe = `echo $WORKER_PID $SERVER_STARTER_GENERATION >>${folder.path}/asked; ` +
    `[ -e ${folder.path}/go ]`;
  await folder.write("go", "");
  await using supervisor = startSupervised(folder, [
    "--ready-exec",
    probe,
    "--",
    ...sleeper,
  ]);
  const [{ pid }] = await supervisor.waitForGenerations(1);
  assertEquals(await Deno.readTextFile(`${folder.path}/asked`), `${pid} 1\n`);
  await Deno.remove(`${folder.path}/go`);
  supervisor.child.kill("SIGHUP");
  await supervisor.child.waitUntil("three questions", async () => {
    const lines = (await Deno.readTextFile(`${folder.path}/asked`)).trim()
      .split("\n");
    return lines.length >= 4 ? lines : null;
  });
  assertEquals(supervisor.status().map((line) => line.pid), [pid]);
  await folder.write("go", "");
  await supervisor.waitForGenerations(2);
});

Deno.test("--ready-http probes over TCP and over a unix socket named by generation", async () => {
  await using folder = await tempFolder();
  let status = 503;
  let asked = 0;
  const server = Deno.serve({
    hostname: "127.0.0.1",
    port: 0,
    onListen: () => {},
  }, () => {
    asked++;
    return new Response("", { status });
  });
  const url = `http://127.0.0.1:${server.addr.port}/{generation}`;
  await using supervisor = startSupervised(folder, [
    "--ready-http",
    url,
    "--",
    ...sleeper,
  ]);
  await supervisor.child.waitUntil("questions", () => asked > 1 ? asked : null);
  assertEquals(supervisor.status(), []);
  status = 200;
  await supervisor.waitForGenerations(1);
  await server.shutdown();
  const path = `${folder.path}/1.sock`;
  const unixServer = Deno.serve(
    { path, onListen: () => {} },
    () => new Response("ok"),
  );
  await using other = startSupervisedIn(`${folder.path}/s2`, [
    "--ready-http",
    `http://[unix:${folder.path}/{generation}.sock]/health`,
    "--",
    ...sleeper,
  ]);
  await other.waitForGenerations(1);
  await unixServer.shutdown();
});

function startSupervisedIn(path: string, args: readonly string[]) {
  Deno.mkdirSync(path);
  const folder = {
    path,
    write: () => Promise.resolve(""),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
  return startSupervised(folder, args);
}

Deno.test("--start-timeout: a worker that hangs is stopped, and reload reports why", async () => {
  await using folder = await tempFolder();
  const script = `[ -e ${folder.path}/hang ] || eval "echo ready >&$READY_FD"; exec sleep 1000`;
  const flags = [
    "--ready-notify",
    "--start-timeout=500ms",
    "--max-start-failures=1",
    "--",
  ];
  await using supervisor = startSupervised(folder, [
    ...flags,
    "sh",
    "-c",
    script,
  ]);
  const [{ pid }] = await supervisor.waitForGenerations(1);
  await folder.write("hang", "");
  const reload = await runHayate(["supervise", "reload", supervisor.pidFile]);
  assertEquals([reload.code, reload.stderr], [
    1,
    "restart failed: not ready within 0.5 s; generation 1 keeps serving\n",
  ]);
  assertEquals(supervisor.status().map((line) => line.pid), [pid]);
});

Deno.test("--max-start-failures ends a supervisor whose program never starts, with exit code 1", async () => {
  const args = ["--max-start-failures=2", "--interval=0.1", "--", "false"];
  const result = await runHayate(["supervise", ...args]);
  assertEquals(result.code, 1);
  assert(result.stderr.includes("giving up: exit code 1"), result.stderr);
});

/** Answers with the serving generation. */
const generationApp = `const generation = Deno.env.get("SERVER_STARTER_GENERATION");
export default { fetch: () => new Response(generation) };
`;

for (const workers of [1, 2]) {
  const name =
    `--trial: the new generation of ${workers} has all the traffic; when it dies, the old ` +
    "one takes it again";
  Deno.test(name, () => trialAndRollback(workers));
}

async function trialAndRollback(workers: number): Promise<void> {
  await using folder = await tempFolder();
  const port = freePort();
  const app = await folder.write("app.js", generationApp);
  const args = [`--port=127.0.0.1:${port}`, "--trial=20", "serve", "--workers", `${workers}`, app];
  await using supervisor = startSupervised(folder, args);
  const [{ pid: old }] = await supervisor.waitForGenerations(1);
  const answers = async () => {
    const texts = new Set<string>();
    for (let i = 0; i < 30; i++) {
      const headers = { connection: "close" };
      texts.add(await (await fetch(`http://127.0.0.1:${port}/`, { headers })).text());
    }
    return [...texts];
  };
  const reload = runHayate(["supervise", "reload", supervisor.pidFile]);
  const [, { pid: fresh }] = await supervisor.waitForGenerations(1, 2);
  // The old one is notified by a signal.
  await supervisor.child.waitUntil("the old one to step aside", async () => {
    return (await answers()).join() === "2" ? true : null;
  });
  assertEquals(await answers(), ["2"]);
  assert(isAlive(old));
  Deno.kill(fresh, "SIGKILL");
  const { code, stderr } = await reload;
  assertEquals([code, stderr], [
    1,
    "restart failed: generation 2 died in its trial: killed by KILL; generation 1 keeps serving\n",
  ]);
  assertEquals(supervisor.status().map((line) => line.pid), [old]);
  assertEquals(await answers(), ["1"]);
}

Deno.test("--drain-timeout kills workers that do not exit; TERM acts immediately in any wait", async () => {
  await using folder = await tempFolder();
  const stubborn = ["sh", "-c", "trap '' TERM; while :; do sleep 0.05; done"];
  const flags = ["--interval=0.2", "--drain-timeout=300ms", "--"];
  const supervisor = startSupervised(folder, [...flags, ...stubborn]);
  await supervisor.waitForGenerations(1);
  supervisor.child.kill("SIGHUP");
  await supervisor.child.waitForLine(/old worker \d+ died, status:9/);
  supervisor.child.kill("SIGHUP");
  const started = performance.now();
  const { code } = await supervisor.child.stop();
  assertEquals(code, 0);
  assert(performance.now() - started < 2000);
});

Deno.test("a second TERM kills workers that do not exit", async () => {
  await using folder = await tempFolder();
  const stubborn = ["sh", "-c", "trap '' TERM; while :; do sleep 0.05; done"];
  const supervisor = startSupervised(folder, [
    "--interval=0.2",
    "--",
    ...stubborn,
  ]);
  const [{ pid }] = await supervisor.waitForGenerations(1);
  supervisor.child.kill("SIGTERM");
  await supervisor.child.waitForLine("received TERM, sending TERM");
  await sleep(300);
  assert(isAlive(pid), "one TERM waits without limit");
  assertEquals((await supervisor.child.stop()).code, 0);
});

Deno.test("HUPs in a burst: one restart runs and one waits", async () => {
  await using folder = await tempFolder();
  await using supervisor = startSupervised(folder, [
    "--interval=0.3",
    "--",
    ...sleeper,
  ]);
  await supervisor.waitForGenerations(1);
  for (let i = 0; i < 8; i++) {
    supervisor.child.kill("SIGHUP");
    await sleep(10);
  }
  await supervisor.waitForGenerations(3);
  await sleep(700);
  assertEquals(supervisor.status().map(({ generation }) => generation), [3]);
});

Deno.test("--max-generations keeps a restart waiting while old generations drain", async () => {
  await using folder = await tempFolder();
  const slow = [
    "sh",
    "-c",
    `trap 'until [ -e ${folder.path}/end ]; do sleep 0.02; done; exit' TERM; ` +
    "while :; do sleep 0.02; done",
  ];
  const flags = ["--interval=0.1", "--max-generations=2", "--"];
  const supervisor = startSupervised(folder, [...flags, ...slow]);
  await supervisor.waitForGenerations(1);
  supervisor.child.kill("SIGHUP");
  await supervisor.waitForGenerations(1, 2);
  supervisor.child.kill("SIGHUP");
  await supervisor.child.waitForLine(
    "2 generations are alive, waiting for an old worker to end",
  );
  assertEquals(childPids(supervisor.child.pid).length, 2);
  await folder.write("end", "");
  await supervisor.waitForGenerations(3);
  await supervisor.child.stop();
});

Deno.test("--workers with --reuse-port: a socket for each slot, a rolling restart loses nothing", async () => {
  await using folder = await tempFolder();
  const port = freePort();
  const flags = [`--port=127.0.0.1:${port}`, "--workers=3", "--reuse-port"];
  await using supervisor = startSupervised(folder, [
    ...flags,
    "serve",
    "--text",
    "hello",
  ]);
  const lines = await supervisor.waitForGenerations(1, 2, 3);
  const inodes = lines.map(({ pid }) => Deno.readLinkSync(`/proc/${pid}/fd/4`));
  assertEquals(new Set(inodes).size, 3, "each has a socket of its own");
  assertEquals(
    lines.map(({ pid }) => environmentOf(pid)["SERVER_STARTER_WORKER"]).sort(),
    [
      "1",
      "2",
      "3",
    ],
  );
  let lost = 0;
  let asking = true;
  const client = (async () => {
    while (asking) {
      const text = await fetch(`http://127.0.0.1:${port}/`, {
        headers: { connection: "close" },
      })
        .then((response) => response.text()).catch(() => "");
      if (text !== "hello") lost++;
    }
  })();
  const reload = await runHayate(["supervise", "reload", supervisor.pidFile]);
  assertEquals(reload.code, 0, reload.stderr);
  const later = await supervisor.waitForGenerations(4, 5, 6);
  asking = false;
  await client;
  assertEquals(lost, 0);
  const held = later.map(({ pid }) => Deno.readLinkSync(`/proc/${pid}/fd/4`))
    .sort();
  assertEquals(
    held,
    inodes.sort(),
    "the same sockets, held across generations",
  );
});

Deno.test("systemd: LISTEN_FDS are adopted and readiness is reported, with notify-reload", async () => {
  await using folder = await tempFolder();
  const port = freePort();
  const path = `${folder.path}/notify`;
  const notify = Deno.listenDatagram({ transport: "unixpacket", path });
  const messages: string[] = [];
  const reading = (async () => {
    for await (const [bytes] of notify) {
      messages.push(new TextDecoder().decode(bytes));
    }
  })();
  const fd = bindInheritable({ kind: "tcp", host: "127.0.0.1", port }, {
    backlog: 16,
  });
  const script = `LISTEN_PID=$$ LISTEN_FDS=1 NOTIFY_SOCKET=${path} exec ${binaryPath} supervise ` +
    `--status-file ${folder.path}/status serve --text hello 2>${folder.path}/err`;
  const child = spawn({
    command: ["sh", "-c", script],
    environment: allVariables(),
    descriptors: [{ ours: fd, number: 3 }],
  });
  if (child.pid === null) throw new Error(child.reason);
  const until = async (what: string, check: () => boolean) => {
    for (let i = 0; i < 500 && !check(); i++) await sleep(10);
    assert(
      check(),
      `${what}: ${messages} ${await Deno.readTextFile(`${folder.path}/err`)}`,
    );
  };
  await until(
    "ready",
    () => messages.some((text) => text.startsWith("READY=1")),
  );
  assertEquals(
    await (await fetch(`http://127.0.0.1:${port}/`)).text(),
    "hello",
  );
  const [{ pid }] = readStatus(`${folder.path}/status`);
  assertEquals(
    environmentOf(pid)["SERVER_STARTER_PORT"],
    `127.0.0.1:${port}=4`,
  );
  Deno.kill(child.pid, "SIGHUP");
  await until("reloaded", () => messages.length >= 3);
  Deno.kill(child.pid, "SIGTERM");
  await child.exited;
  await until("stopping", () => messages.length >= 4);
  notify.close();
  await reading;
  libc.close(fd);
  assertEquals(messages.map((text) => text.split("\n")[0]), [
    "READY=1",
    "RELOADING=1",
    "READY=1",
    "STOPPING=1",
  ]);
  const sentAt = /MONOTONIC_USEC=(\d+)/.exec(messages[1]);
  assert(sentAt !== null && Number(sentAt[1]) > 1e6);
});

Deno.test("no connection is refused during a restart under the supervisor", async () => {
  await using folder = await tempFolder();
  const port = freePort();
  const args = [`--port=127.0.0.1:${port}`, "serve", "--text", "hello"];
  await using supervisor = startSupervised(folder, args);
  await supervisor.waitForGenerations(1);
  for (let round = 2; round < 5; round++) {
    supervisor.child.kill("SIGHUP");
    for (let i = 0; i < 50; i++) (await connectTo(tcp(port))).close();
    await supervisor.waitForGenerations(round);
  }
});
