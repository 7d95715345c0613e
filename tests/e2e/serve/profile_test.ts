/** hayate serve profile PID. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { binaryPath, childPids, runHayate, runProgram, startHayate } from "../../support/binary.ts";
import { rootTest } from "../../support/privileges.ts";
import { RawConnection, rawExchange, tcp } from "../../support/raw_socket.ts";
import { eachBackend, type Served, startServe } from "../../support/serve.ts";
import { tempFolder } from "../../support/ports.ts";

/** It says who has answered. */
const app = `
function burnForTheProfile(ms) {
  const end = Date.now() + ms;
  let x = 1;
  while (Date.now() < end) for (let i = 0; i < 1000; i++) x = Math.sqrt(x + i);
  return x;
}
export default { fetch: () => { burnForTheProfile(20); return new Response("by " + Deno.pid + "!"); } };
`;

interface CpuProfile {
  readonly nodes: readonly { readonly callFrame: { readonly functionName: string } }[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
  readonly startTime: number;
  readonly endTime: number;
}

async function startApp(workers: number, backend?: "epoll" | "portable") {
  return await startServe({
    args: ["--workers", String(workers), "@app.js"],
    files: { "app.js": app },
    ...(backend === undefined ? {} : { backend }),
  });
}

/** The processes that serve. */
async function workersOf(served: Served, count: number): Promise<number[]> {
  if (count === 1) return [served.child.pid];
  return await served.child.waitUntil("workers", () => {
    const pids = childPids(served.child.pid);
    return pids.length === count ? pids : null;
  });
}

/** A kept connection to the worker `pid`; the kernel gives each new one to any of them. */
async function connectionTo(served: Served, pid: number): Promise<RawConnection> {
  return await served.child.waitUntil(`a connection to worker ${pid}`, async () => {
    const connection = await RawConnection.open(tcp(served.port));
    if (await ask(connection) === pid) return connection;
    connection[Symbol.dispose]();
    return null;
  });
}

/** Which process answers. */
async function ask(connection: RawConnection): Promise<number> {
  await connection.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  const text = await connection.readUntil("by ") + await connection.readUntil("!");
  return Number(/by (\d+)!$/.exec(text)?.[1]);
}

/** The folders of requests to these workers that are left. */
function foldersLeft(pids: readonly number[]): string[] {
  return ["/dev/shm", "/tmp"].flatMap((parent) =>
    Array.from(Deno.readDirSync(parent), ({ name }) => name)
      .filter((name) => pids.some((pid) => name === `hayate-profile-${pid}`))
  );
}

for (const workers of [1, 2]) {
  eachBackend(`serve profile samples a worker of ${workers} while it serves`, async (backend) => {
    await using served = await startApp(workers, backend);
    const pids = await workersOf(served, workers);
    const output = `${served.folder.path}/out.cpuprofile`;
    const profile = runHayate(["serve", "profile", "--for", "3s", "-o", output, String(pids[0])]);
    let isDone = false;
    const done = profile.finally(() => isDone = true);
    using connection = await connectionTo(served, pids[0]);
    while (!isDone) await ask(connection);
    const { code, stdout, stderr } = await done;
    assertEquals([code, stderr, stdout], [0, "", `wrote ${output}\n`]);
    const { nodes, samples, timeDeltas, startTime, endTime }: CpuProfile = JSON.parse(
      await Deno.readTextFile(output),
    );
    assert(nodes.some(({ callFrame }) => callFrame.functionName === "burnForTheProfile"));
    assert(samples.length > 10 && samples.length === timeDeltas.length);
    assert(endTime - startTime > 2.9e6, "microseconds");
    assertEquals(foldersLeft(pids), []);
  });
}

Deno.test("serve profile says why there is no profile", async () => {
  await using served = await startApp(2);
  const [worker] = await workersOf(served, 2);
  const profiled = String(worker);
  const cases: [args: string[], code: number, expected: RegExp][] = [
    [["x"], 2, /x: not a PID/],
    [[String(served.child.pid)], 1, /it is the master, give one of its workers: \d+ \d+\n/],
    [[String(Deno.pid)], 1, /it is not hayate serve/],
    [["999999999"], 1, /process 999999999: there is none/],
    [["--for", "1h", "1"], 2, /--for 1h: out of range, allowed 100ms to 10m/],
    [["-o", "/no/such/folder/f", profiled], 1, /: \/no\/such\/folder\/f: No such file/],
    [["--for", "100ms", "-o", "/dev/full", profiled], 1, /\/dev\/full: No space left on device/],
  ];
  for (const [args, code, expected] of cases) {
    const result = await runHayate(["serve", "profile", ...args]);
    assertEquals(result.code, code, args.join(" "));
    assertMatch(result.stderr, expected);
    assertEquals(result.stderr.trim().split("\n").length, code === 2 ? 2 : 1);
  }
  assertEquals(foldersLeft([worker]), []);
});

Deno.test("of several profiles at once, one is taken", async () => {
  await using served = await startApp(1);
  const { pid } = served.child;
  const results = await Promise.all(Array.from(
    { length: 4 },
    () => runHayate(["serve", "profile", "--for", "4s", "-o", "-", String(pid)]),
  ));
  const taken = results.filter(({ code }) => code === 0);
  // More than one where the machine starts the last when the first is done.
  assert(taken.length >= 1);
  for (const { stdout } of taken) assert((JSON.parse(stdout) as CpuProfile).nodes.length > 0);
  for (const { code, stderr } of results) {
    if (code !== 0) assertMatch(stderr, /process \d+: another profile of it is being taken; try a/);
  }
  assertEquals(foldersLeft([pid]), []);
});

Deno.test("a profile that was given up is in nobody's way", async () => {
  await using served = await startApp(1);
  const pid = String(served.child.pid);
  for (const signal of ["SIGINT", "SIGKILL"] as const) {
    await using long = startHayate(["serve", "profile", "--for", "10m", "-o", "-", pid]);
    await long.waitUntil("the request", () => foldersLeft([served.child.pid])[0] ?? null);
    await long.stop(signal);
    const next = await runHayate(["serve", "profile", "--for", "100ms", "-o", "-", pid]);
    assertEquals([next.code, next.stderr], [0, ""], signal);
    assertEquals(foldersLeft([served.child.pid]), []);
  }
});

Deno.test("serve profile tells that the worker has ended", async () => {
  await using folder = await tempFolder();
  await using served = await startApp(2);
  const [worker] = await workersOf(served, 2);
  const output = `${folder.path}/out`;
  await using profile = startHayate([
    ...["serve", "profile", "--for", "10m", "-o", output, String(worker)],
  ]);
  await profile.waitUntil("the request", () => foldersLeft([worker])[0] ?? null);
  Deno.kill(worker, "SIGKILL");
  const { code, stderr } = await profile.result();
  assertEquals(code, 1);
  assertMatch(stderr, /process \d+: it has ended( before the profile was complete)?\n$/);
  assertEquals([...Deno.readDirSync(folder.path)], []);
});

Deno.test("USR2 without a request does nothing", async () => {
  for (const workers of [1, 2]) {
    await using served = await startApp(workers);
    const [pid] = await workersOf(served, workers);
    Deno.kill(pid, "SIGUSR2");
    const request = "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    for (let i = 0; i < 4; i++) {
      assertMatch(await rawExchange(tcp(served.port), request), /^HTTP\/1\.1 200 /);
    }
  }
});

rootTest("serve profile is for the worker's user and for root", async () => {
  const asUser = ["--reuid", "65534", "--regid", "65534", "--clear-groups", "--", binaryPath];
  await using served = await startApp(1);
  const { code, stderr } = await runProgram("setpriv", [
    ...asUser,
    ...["serve", "profile", "-o", "-", String(served.child.pid)],
  ]);
  assertEquals(code, 1);
  assertMatch(stderr, /it belongs to the user 0; run this as that user or as root/);

  await using theirs = await startServe({
    args: ["--workers", "2", "--user", "65534", "@app.js"],
    files: { "app.js": app },
    prepare: (folder) => Deno.chmod(folder, 0o755),
    env: { HAYATE_USER: "" },
  });
  const master = await theirs.child.waitUntil(
    "the master",
    () => childPids(theirs.child.pid)[0] ?? null,
  );
  const [worker] = await theirs.child.waitUntil("workers", () => {
    const pids = childPids(master);
    return pids.length === 2 ? pids : null;
  });
  const output = `${theirs.folder.path}/out`;
  const byRoot = await runHayate([
    ...["serve", "profile", "--for", "100ms", "-o", output, String(worker)],
  ]);
  assertEquals([byRoot.code, byRoot.stderr], [0, ""]);
  assert((JSON.parse(await Deno.readTextFile(output)) as CpuProfile).nodes.length > 0);
  assertEquals(foldersLeft([worker]), []);
});
