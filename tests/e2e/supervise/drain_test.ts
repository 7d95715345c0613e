/**
 * The end of a supervisor resets no client: connections in the accept queue are served, as by nginx,
 * and later ones are refused at once instead of waiting in a queue that is discarded.
 */
import { assert, assertEquals, assertRejects } from "@std/assert";
import type { Address } from "../../../mod/base/address.ts";
import { descendantPids, runHayate, sleep } from "../../support/binary.ts";
import { freePort, type TempFolder, tempFolder } from "../../support/ports.ts";
import { connectTo, tcp, unix } from "../../support/raw_socket.ts";
import { startSupervised, type Supervised } from "../../support/supervise.ts";

/** More than one round of accepts (64). */
const waitingCount = 200;

/** A blocking server that serves one client after the other and does not drain. */
const perlServer = `use Socket; my ($fd) = $ENV{SERVER_STARTER_PORT} =~ /=(\\d+)/;
open(my $l, "+<&=$fd"); my $end = 0; $SIG{TERM} = sub { $end = 1 };
while (!$end) { accept(my $c, $l) or next; sysread($c, my $b, 65536);
select(undef, undef, undef, 0.01);
syswrite($c, "HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\nConnection: close\\r\\n\\r\\nok"); }`;

interface Case {
  readonly what: string;
  readonly command: (folder: TempFolder) => Promise<readonly string[]>;
  readonly flags?: readonly string[];
}

const proxyConfig = (threads: number) =>
  `num-threads: ${threads}
hosts: {default: {paths: {/: {file.dir: DIR}}}}
`;

function proxy(threads: number) {
  return async (folder: TempFolder): Promise<readonly string[]> => {
    await folder.write("docs/index.html", "ok");
    const text = proxyConfig(threads).replace("DIR", `${folder.path}/docs`);
    return ["proxy", "-c", await folder.write("h2o.conf", text)];
  };
}

const cases: readonly Case[] = [
  { what: "serve", command: () => Promise.resolve(["serve", "-w", "1", "--text", "ok"]) },
  { what: "serve -w 2", command: () => Promise.resolve(["serve", "-w", "2", "--text", "ok"]) },
  { what: "proxy", command: proxy(1) },
  { what: "proxy with two workers", command: proxy(2) },
  {
    what: "two slots with a socket each",
    flags: ["--workers", "2", "--reuse-port"],
    command: () => Promise.resolve(["serve", "-w", "1", "--text", "ok"]),
  },
  {
    what: "a program that is not ours",
    flags: ["--interval", "0.3"],
    command: () => Promise.resolve(["--", "perl", "-e", perlServer]),
  },
];

/** Connects, sends a request, and returns the status line and how the connection ended. */
async function ask(address: Address): Promise<() => Promise<string>> {
  const connection = await connectTo(address);
  await connection.write(
    new TextEncoder().encode("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"),
  );
  return async () => {
    const buffer = new Uint8Array(4096);
    try {
      const count = await connection.read(buffer);
      return count === null ? "closed" : new TextDecoder().decode(buffer.subarray(0, 15));
    } catch (error) {
      return (error as Error).name;
    } finally {
      connection.close();
    }
  };
}

function signalAll(pids: readonly number[], signal: Deno.Signal): void {
  for (const pid of pids) Deno.kill(pid, signal);
}

async function startCase({ flags, command }: Case, folder: TempFolder, listen: string[]) {
  const words = await command(folder);
  const supervisor = startSupervised(folder, [...listen, ...flags ?? [], ...words]);
  const slots = flags?.includes("--workers") ? [1, 2] : [1];
  await supervisor.waitForGenerations(...slots);
  return supervisor;
}

/** Stops all descendants of the supervisor, fills the queue, ends the supervisor, continues them. */
async function askWhileStopping(supervisor: Supervised, address: Address): Promise<string[]> {
  const below = descendantPids(supervisor.child.pid);
  signalAll(below, "SIGSTOP");
  const answers: (() => Promise<string>)[] = [];
  for (let i = 0; i < waitingCount; i++) answers.push(await ask(address));
  supervisor.child.kill("SIGTERM");
  await sleep(300);
  signalAll(below, "SIGCONT");
  return await Promise.all(answers.map((answer) => answer()));
}

for (const one of cases) {
  Deno.test(`TERM answers the ${waitingCount} clients in the queue: ${one.what}`, async () => {
    await using folder = await tempFolder();
    const port = freePort();
    await using supervisor = await startCase(one, folder, ["--port", `127.0.0.1:${port}`]);
    const answers = await askWhileStopping(supervisor, tcp(port));
    assertEquals(answers, answers.map(() => "HTTP/1.1 200 OK"));
    const { code } = await supervisor.child.result();
    assertEquals(code, 0);
  });
}

Deno.test("TERM removes a unix socket's path first and then answers the clients in its queue", async () => {
  for (const one of cases.filter(({ what }) => what !== "two slots with a socket each")) {
    await using folder = await tempFolder();
    const path = `${folder.path}/a.sock`;
    await using supervisor = await startCase(one, folder, ["--path", path]);
    const answers = await askWhileStopping(supervisor, unix(path));
    assertEquals(answers, answers.map(() => "HTTP/1.1 200 OK"), one.what);
    await supervisor.child.result();
    await assertRejects(() => Deno.lstat(path), Deno.errors.NotFound);
  }
});

const slowApp = `export default { async fetch(request) {
  const isSlow = new URL(request.url).pathname === "/slow";
  if (isSlow) await new Promise((resolve) => setTimeout(resolve, 2500));
  return new Response("done");
} };\n`;

for (const workers of ["1", "2"]) {
  Deno.test(`while a request runs, new clients are refused at once (serve -w ${workers})`, async () => {
    await using folder = await tempFolder();
    const port = freePort();
    const app = await folder.write("app.mjs", slowApp);
    await using supervisor = startSupervised(folder, [
      "--port",
      `127.0.0.1:${port}`,
      ...["serve", "-w", workers, app],
    ]);
    await supervisor.waitForGenerations(1);
    const slow = fetch(`http://127.0.0.1:${port}/slow`).then((response) => response.text());
    await sleep(300);
    const stopMs = performance.now();
    supervisor.child.kill("SIGTERM");
    await sleep(500);
    await assertRejects(() => connectTo(tcp(port)), Deno.errors.ConnectionRefused);
    assert(performance.now() - stopMs < 2000, "the slow request has ended before");
    assertEquals(await slow, "done");
    assertEquals((await supervisor.child.result()).code, 0);
  });
}

/** Sends requests to `url`, each on its own connection; returns the report of `load`. */
async function load(url: string, seconds: number): Promise<Record<string, unknown>> {
  const { stdout, stderr, code } = await runHayate([
    ...["load", "-c", "20", "-t", "1", "-d", `${seconds}s`, "-H", "Connection: close"],
    ...["--json", "-", url],
  ]);
  assert(stdout.includes("{"), `${code} ${stderr}`);
  return JSON.parse(stdout.slice(stdout.indexOf("{")));
}

Deno.test("two supervisors share a port with --reuse-port: stopping one loses nothing", async () => {
  const port = freePort();
  for (let round = 0; round < 3; round++) {
    await using folders = new AsyncDisposableStack();
    const start = async () => {
      const folder = folders.use(await tempFolder());
      const supervisor = folders.use(startSupervised(folder, [
        ...["--port", `127.0.0.1:${port}`, "--reuse-port", "serve", "-w", "1", "--text", "ok"],
      ]));
      await supervisor.waitForGenerations(1);
      return supervisor;
    };
    const [leaving] = [await start(), await start()];
    const running = load(`http://127.0.0.1:${port}/`, 3);
    await sleep(1000);
    assertEquals((await leaving.child.stop()).code, 0);
    const report = await running;
    const [run] = report["runs"] as Record<string, unknown>[];
    const { requestsFailed, requestsAnswered, failures } = run as Record<string, number>;
    assertEquals(requestsFailed, 0, JSON.stringify(failures));
    assert(requestsAnswered > 1000, `${requestsAnswered} answers`);
  }
});
