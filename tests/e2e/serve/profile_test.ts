/** hayate serve profile PID. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { binaryPath, childPids, runHayate, runProgram } from "../../support/binary.ts";
import { rawExchange, tcp } from "../../support/raw_socket.ts";
import { eachBackend, startServe } from "../../support/serve.ts";

const app = `
function burnForTheProfile(ms) {
  const end = Date.now() + ms;
  let x = 1;
  while (Date.now() < end) for (let i = 0; i < 1000; i++) x = Math.sqrt(x + i);
  return x;
}
export default { fetch: () => new Response(String(burnForTheProfile(20))) };
`;

interface CpuProfile {
  readonly nodes: readonly { readonly callFrame: { readonly functionName: string } }[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
  readonly startTime: number;
  readonly endTime: number;
}

for (const workers of ["1", "2"]) {
  eachBackend(`serve profile samples a worker of ${workers} while it serves`, async (backend) => {
    await using served = await startServe({
      args: ["--workers", workers, "@app.js"],
      backend,
      files: { "app.js": app },
    });
    const pid = workers === "1"
      ? served.child.pid
      : (await served.child.waitUntil("workers", () => {
        const pids = childPids(served.child.pid);
        return pids.length === 2 ? pids : null;
      }))[0];
    const output = `${served.folder.path}/out.cpuprofile`;
    const profile = runHayate([
      ...["serve", "profile", "--seconds", "2", "-o", output, String(pid)],
    ]);
    let isDone = false;
    profile.finally(() => isDone = true);
    while (!isDone) {
      const request = "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
      assertMatch(await rawExchange(tcp(served.port), request), /^HTTP\/1\.1 200 /);
    }
    const { code, stdout, stderr } = await profile;
    assertEquals([code, stderr, stdout.trim()], [0, "", `wrote ${output}`]);
    const { nodes, samples, timeDeltas, startTime, endTime }: CpuProfile = JSON.parse(
      await Deno.readTextFile(output),
    );
    assert(nodes.some(({ callFrame }) => callFrame.functionName === "burnForTheProfile"));
    assert(samples.length > 10 && samples.length === timeDeltas.length);
    assert(endTime - startTime > 1.5e6, "microseconds");
    for (const parent of ["/dev/shm", "/tmp"]) {
      const left = await Deno.stat(`${parent}/hayate-profile-${Deno.uid()}`).then(
        () => [...Deno.readDirSync(`${parent}/hayate-profile-${Deno.uid()}`)],
        () => [],
      );
      assertEquals(left.filter(({ name }) => name.startsWith(`${pid}.`)), []);
    }
  });
}

Deno.test("serve profile says why there is no profile", async () => {
  await using served = await startServe({
    args: ["--workers", "2", "@app.js"],
    files: { "app.js": app },
  });
  const [worker] = await served.child.waitUntil("workers", () => {
    const pids = childPids(served.child.pid);
    return pids.length === 2 ? pids : null;
  });
  const cases: [args: string[], code: number, expected: RegExp][] = [
    [["x"], 2, /x: not a PID/],
    [[String(served.child.pid)], 1, /it is the master, give one of its workers: \d+ \d+/],
    [[String(Deno.pid)], 1, /it is not hayate serve/],
    [["999999999"], 1, /process 999999999: there is none/],
    [["--seconds", "1000", "1"], 2, /--seconds 1000: /],
    [["--seconds", "0.1", "-o", "/no/such/folder/f", String(worker)], 1, /\/no\/such\/folder\/f: /],
  ];
  for (const [args, code, expected] of cases) {
    const result = await runHayate(["serve", "profile", ...args]);
    assertEquals(result.code, code, args.join(" "));
    assertMatch(result.stderr, expected);
  }
  const both = await Promise.all(
    [1, 2].map(() => runHayate(["serve", "profile", "--seconds", "2", "-o", "-", String(worker)])),
  );
  // The second is refused, or comes when the first is done.
  assert(both.some(({ code, stdout }) => code === 0 && JSON.parse(stdout).nodes.length > 0));
  for (const { code, stderr } of both) {
    if (code !== 0) assertMatch(stderr, /another profile is (being taken|asked for)/);
  }
});

Deno.test("USR2 without a request does nothing", async () => {
  for (const workers of ["1", "2"]) {
    await using served = await startServe({
      args: ["--workers", workers, "@app.js"],
      files: { "app.js": app },
    });
    const pid = workers === "1" ? served.child.pid : childPids(served.child.pid)[0];
    Deno.kill(pid, "SIGUSR2");
    const request = "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    for (let i = 0; i < 4; i++) {
      assertMatch(await rawExchange(tcp(served.port), request), /^HTTP\/1\.1 200 /);
    }
  }
});

Deno.test("serve profile is for the same user only", async () => {
  if (Deno.uid() !== 0) return console.log("skipped: this needs root");
  await using served = await startServe({ args: ["@app.js"], files: { "app.js": app } });
  const { code, stderr } = await runProgram("setpriv", [
    ...["--reuid", "65534", "--regid", "65534", "--clear-groups", "--"],
    ...[binaryPath, "serve", "profile", String(served.child.pid)],
  ]);
  assertEquals(code, 1);
  assertMatch(stderr, /it belongs to the user 0; run this as that user/);
});
