/** Workers that stay on their CPU: `serve --cpu-affinity`, and a list of `num-threads`. */
import { assertEquals, assertMatch } from "@std/assert";
import { allowedCpus, readTextOrNull } from "../../../mod/process/cpus.ts";
import { type Child, childPids, runHayate, startListening } from "../../support/binary.ts";
import { freePort, tempFolder } from "../../support/ports.ts";
import { rawExchange, tcp } from "../../support/raw_socket.ts";
import { appWith, startServe } from "../../support/serve.ts";

/** The CPUs of the thread that serves; none of a process that has ended. */
function cpusOf(pid: number): number[] {
  return [...allowedCpus((path) => readTextOrNull(path.replace("self", String(pid))))];
}

const all = cpusOf(Deno.pid);
const [first, last] = [all[0], all[all.length - 1]];
/** Linux knows no CPU of this number; see `cpuMax`. */
const noCpu = 8191;

/** The CPUs of the workers, in the order of the pids, once there are `count` that have one each. */
async function cpusOfWorkers(child: Child, count: number): Promise<number[]> {
  return await child.waitUntil(`${count} workers with a CPU each`, () => {
    const cpus = childPids(child.pid).map(cpusOf);
    return cpus.length === count && cpus.every(({ length }) => length === 1) ? cpus.flat() : null;
  });
}

const byNumber = (one: number, other: number) => one - other;

for (
  const [wish, cpus] of [["auto", all], [`${last}`, [last]], [`${first},${last}`, [
    first,
    last,
  ]]] as const
) {
  Deno.test(`serve --cpu-affinity ${wish}: each worker has its CPU`, async () => {
    await using served = await startServe({
      args: ["--workers", "3", "--cpu-affinity", wish, "@app.js"],
      files: { "app.js": appWith(`() => new Response(String(Deno.env.get("HAYATE_CPU")))`) },
    });
    const found = await cpusOfWorkers(served.child, 3);
    const expected = [0, 1, 2].map((slot) => cpus[slot % cpus.length]);
    assertEquals(found.toSorted(byNumber), expected.toSorted(byNumber));
    assertEquals(cpusOf(served.child.pid), all, "the master is not pinned");
    const answer = await rawExchange(
      tcp(served.port),
      "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    );
    assertEquals(answer.split("\r\n\r\n")[1], "undefined", "the app's environment has no trace");
  });
}

Deno.test("serve --workers 1 --cpu-affinity: the process itself has its CPU", async () => {
  await using served = await startServe({
    args: ["--workers", "1", "--cpu-affinity", String(last), "--text", "hi"],
  });
  assertEquals(cpusOf(served.child.pid), [last]);
});

for (const workers of ["1", "2"]) {
  Deno.test(`serve --workers ${workers}: a CPU that it may not use is one clear line`, async () => {
    const args = ["--workers", workers, "--cpu-affinity", `${first},${noCpu}`];
    const { code, stderr } = await runHayate(["serve", ...args, "--port", "0", "--text", "hi"]);
    assertEquals(code, 78);
    const what = `this process may not use CPU ${noCpu}, only ${all.join(", ")}`;
    assertEquals(stderr.trimEnd().split("\n").at(-1), `hayate serve: --cpu-affinity: ${what}`);
  });
}

Deno.test("serve --cpu-affinity: a list that is none is one clear line", async () => {
  const { code, stderr } = await runHayate(["serve", "--cpu-affinity", "3-1", "--text", "hi"]);
  assertEquals(code, 2);
  assertMatch(
    stderr,
    /--cpu-affinity.*3-1.*not a list of CPUs from 0 to 8191 such as 0-3,6, or auto/,
  );
});

async function proxyFile(path: string, port: number, threads: string): Promise<void> {
  await Deno.writeTextFile(
    path,
    `num-threads: ${threads}
listen: {host: 127.0.0.1, port: ${port}}
hosts: {default: {paths: {/: {status: ON}}}}
`,
  );
}

Deno.test("num-threads with a list: a worker on each CPU, also after a reload", async () => {
  await using folder = await tempFolder();
  const [port, file] = [freePort(), `${folder.path}/h2o.conf`];
  await proxyFile(file, port, `[${first}, ${last}, "${first}-${first}"]`);
  const child = await startListening(["proxy", "-c", file], tcp(port), {});
  try {
    const found = await cpusOfWorkers(child, 3);
    assertEquals(found.toSorted(byNumber), [first, first, last].toSorted(byNumber));
    const before = childPids(child.pid);

    await proxyFile(file, port, `[${noCpu}, ${noCpu}]`);
    child.kill("SIGHUP");
    await child.waitForLine(`num-threads: this process may not use CPU ${noCpu}`);
    assertEquals(childPids(child.pid), before, "the workers stay");

    await proxyFile(file, port, `[${last}, ${last}]`);
    child.kill("SIGHUP");
    assertEquals(await cpusOfWorkers(child, 2), [last, last]);
  } finally {
    await child.stop();
  }
});

Deno.test("num-threads with one CPU: the process itself has it, also after a reload", async () => {
  await using folder = await tempFolder();
  const [port, file] = [freePort(), `${folder.path}/h2o.conf`];
  await proxyFile(file, port, `[${first}]`);
  const child = await startListening(["proxy", "-c", file], tcp(port), {});
  try {
    assertEquals(cpusOf(child.pid), [first]);
    await proxyFile(file, port, `[${last}]`);
    child.kill("SIGHUP");
    await child.waitUntil("the other CPU", () => cpusOf(child.pid)[0] === last ? true : null);
    assertEquals(cpusOf(child.pid), [last]);

    await proxyFile(file, port, "1");
    child.kill("SIGHUP");
    const { length } = all;
    await child.waitUntil("every CPU", () => cpusOf(child.pid).length === length ? true : null);
    assertEquals(cpusOf(child.pid), all);
  } finally {
    await child.stop();
  }
});

Deno.test("proxy -t finds a CPU that it may not use", async () => {
  await using folder = await tempFolder();
  const file = `${folder.path}/h2o.conf`;
  await proxyFile(file, freePort(), `[${noCpu}]`);
  const { code, stderr } = await runHayate(["proxy", "-t", "-c", file]);
  assertEquals(code, 78);
  assertMatch(stderr, new RegExp(`num-threads: this process may not use CPU ${noCpu}, only `));
});
