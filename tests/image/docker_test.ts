/**
 * `docker run` and `docker kill` with the image. This needs a Docker Engine, so these tests
 * are registered only when the image is tested with one (`scripts/with_docker scripts/image --test`).
 */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { runProgram, sleep, startHayate } from "../support/binary.ts";
import {
  docker,
  freeTlsPort,
  runContainer,
  site,
  startContainer,
  statusOf,
  waitForAnswer,
  waitUntil,
} from "../support/docker.ts";
import { peerTest } from "../support/peers.ts";
import { freePort, type TempFolder, tempFolder } from "../support/ports.ts";
import { rawExchange, tcp } from "../support/raw_socket.ts";

const waitMs = 20_000;

if (Deno.env.get("HAYATE_ENGINE") === "docker") {
  test("a broken configuration at the first start ends the container", brokenAtFirstStart);
  test("a port in use ends the container", takenPort);
  test("a folder in the configuration's place ends the container", folderInPlace);
  test("an empty PORTS ends the container with one line", emptyPorts);
  test("every mode is a command of the image", modesAsCommands);
  test("a read-only root and a plain user serve TLS and survive HUP", readOnlyPlainUser);
  test("no place for certificates serves a self-signed one", noPlaceForCertificates);
  test("workers are the first choice of the kernel's OOM killer", workersDieFirst);
  test("a configuration that disappears fails the HUP and the old generation stays", vanished);
  test("docker stop serves the connections in the accept queue", stopAnswersQueue);
  test("resolve finds a replica that joins a Docker network", replicaFound);
  test("docker says healthy while a generation serves, on one network and read-only", healthy);
  test("a container of load is healthy", healthyLoad);
  test("SHUTDOWN_DELAY keeps answering after docker stop", shutdownDelay);
  test("a new container takes over from the running one, and none comes back", takeOver);
}

function test(name: string, run: () => Promise<void>): void {
  peerTest("docker", `docker: ${name}`, run);
}

async function brokenAtFirstStart(): Promise<void> {
  await using folder = await tempFolder();
  await writeConfig(folder, "listen: 80\nnonsense: 1\n");
  const result = await runContainer(["-v", `${folder.path}/etc:/etc/hayate`], []);
  assertEquals(result.code, 78, result.stderr);
  assertMatch(result.stderr, /h2o\.conf:2\].*nonsense/);
}

async function takenPort(): Promise<void> {
  const port = freePort();
  const holder = Deno.listen({ hostname: "0.0.0.0", port });
  try {
    const result = await runContainer(["-e", `PORTS=${port}`], []);
    assert(result.code !== 0, "expected a failure");
    assertMatch(result.stderr, new RegExp(`${port}.*in use`));
  } finally {
    holder.close();
  }
}

async function folderInPlace(): Promise<void> {
  await using folder = await tempFolder();
  // Docker creates an empty folder in place of a missing host file.
  const place = `${folder.path}/h2o.conf:/etc/hayate/h2o.conf`;
  const result = await runContainer(["-e", `PORTS=${freePort()}`, "-v", place], []);
  assert(result.code !== 0, "expected a failure");
  assertMatch(result.stderr, /\/etc\/hayate\/h2o\.conf.*(folder|directory)/i);
}

async function emptyPorts(): Promise<void> {
  const result = await runContainer(["-e", "PORTS="], []);
  assert(result.code !== 0, "expected a failure");
  assertMatch(result.stderr, /PORTS/);
}

async function modesAsCommands(): Promise<void> {
  assertMatch((await runContainer([], ["--version"])).stdout, /^hayate \d/);
  assertMatch((await runContainer([], ["doctor"])).stdout, /open files/);
  assertMatch((await runContainer([], ["help", "load"])).stdout, /hayate load/);
  await using folder = await tempFolder();
  await writeConfig(folder, "listen: 80\nhosts: {default: {paths: {/: {status: ON}}}}\n");
  const mount = ["-v", `${folder.path}/etc:/etc/hayate`];
  const checked = await runContainer(mount, ["proxy", "-t", "-c", "/etc/hayate/h2o.conf"]);
  assertEquals(checked.code, 0, checked.stderr);
  const port = freePort();
  await using _served = await startContainer(["-e", `PORTS=${port}`], ["serve", "--text", "hi"]);
  await waitForAnswer(port);
  const load = await runContainer([], [
    "load",
    "-n",
    "100",
    "-c",
    "2",
    `http://127.0.0.1:${port}/`,
  ]);
  assertMatch(load.stdout, /100 requests in/);
}

async function readOnlyPlainUser(): Promise<void> {
  const [port, secure] = [freePort(), freeTlsPort()];
  await using container = await startContainer([
    "--read-only",
    "--user",
    "1000:1000",
    "-e",
    `PORTS=${port} ${secure}`,
  ], ["serve", "--text", "hello"]);
  for (let generation = 1; generation <= 2; generation++) {
    await waitForAnswer(port);
    const answer = await runProgram("curl", ["-sk", `https://127.0.0.1:${secure}/`]);
    assertEquals(answer.stdout, "hello", await container.logs());
    if (generation === 1) await container.hup();
  }
}

async function noPlaceForCertificates(): Promise<void> {
  const secure = freeTlsPort();
  // Without `--ipc none` /dev/shm can be written.
  await using container = await startContainer([
    ...["--read-only", "--ipc", "none", "-e", `PORTS=${secure}`, "-e", "TLS_DOMAIN=a.example"],
  ], ["serve", "--text", "hello"]);
  await container.waitForLog(/\[error\] acme: cannot write .*no certificate is ordered/);
  await waitUntil("an answer", async () => {
    const answer = await runProgram("curl", ["-sk", `https://127.0.0.1:${secure}/`]);
    return answer.stdout === "hello";
  });
}

async function workersDieFirst(): Promise<void> {
  const port = freePort();
  await using container = await startContainer(["-e", `PORTS=${port}`], []);
  await waitForAnswer(port);
  const supervisor = Number(await docker("inspect", "-f", "{{.State.Pid}}", container.name));
  const [children] = [await Deno.readTextFile(`/proc/${supervisor}/task/${supervisor}/children`)];
  const worker = Number(children.trim().split(" ")[0]);
  const score = async (pid: number) =>
    Number(await Deno.readTextFile(`/proc/${pid}/oom_score_adj`));
  assert(await score(worker) > await score(supervisor), "expected a higher score for the worker");
}

async function vanished(): Promise<void> {
  await using folder = await tempFolder();
  const port = freePort();
  await writeConfig(folder, site(port));
  const mount = ["-v", `${folder.path}/etc:/etc/hayate`];
  await using container = await startContainer([...mount, "-e", `PORTS=${port}`], []);
  await waitForAnswer(port);
  assertEquals(await statusOf(port), 302);
  await Deno.remove(`${folder.path}/etc/h2o.conf`);
  await docker("kill", "--signal=HUP", container.name);
  await container.waitForLog(/h2o\.conf/);
  for (let check = 0; check < 20; check++) {
    assertEquals(await statusOf(port), 302, await container.logs());
    await sleep(50);
  }
}

async function stopAnswersQueue(): Promise<void> {
  const port = freePort();
  await using container = await startContainer(["-e", `PORTS=${port}`], ["serve", "--text", "hi"]);
  await waitForAnswer(port);
  const answers = Array.from(
    { length: 50 },
    () =>
      rawExchange(tcp(port), "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", {
        idleMs: waitMs,
      }),
  );
  await docker("stop", container.name);
  for (const answer of await Promise.all(answers)) assertMatch(answer, /^HTTP\/1\.1 200 /);
}

async function replicaFound(): Promise<void> {
  await using folder = await tempFolder();
  await writeConfig(
    folder,
    `listen: 8080
upstreams:
  app:
    servers: ["app:8080 resolve"]
hosts:
  default:
    paths:
      /:
        proxy.reverse.url: http://app/
`,
  );
  const network = `hayate-test-${Deno.pid}`;
  await docker("network", "create", network);
  try {
    const replica = (name: string) =>
      startContainer(
        ["--network-alias", "app", "-e", "PORTS=8080"],
        ["serve", "--text", name],
        network,
      );
    await using _one = await replica("one");
    await using _two = await replica("two");
    const mount = ["-v", `${folder.path}/etc:/etc/hayate`, "-e", "PORTS=8080"];
    await using proxy = await startContainer(mount, ["proxy"], network);
    const address = await docker(
      "inspect",
      "-f",
      `{{(index .NetworkSettings.Networks "${network}").IPAddress}}`,
      proxy.name,
    );
    const seen = new Set<string>();
    const ask = async () => {
      seen.add((await runProgram("curl", ["-s", `http://${address}:8080/`])).stdout);
    };
    await waitUntil("both replicas", async () => (await ask(), seen.has("one") && seen.has("two")));
    await using _three = await replica("three");
    await waitUntil("the third replica", async () => (await ask(), seen.has("three")), 60_000);
  } finally {
    await docker("network", "rm", network);
  }
}

/** Two containers on the host's network, one of them with nothing to write to but /dev/shm. */
async function healthy(): Promise<void> {
  const [first, second] = [freePort(), freePort()];
  const command = ["serve", "--text", "hi"];
  await using one = await startContainer(["-e", `PORTS=${first}`], command);
  await using other = await startContainer(
    ["-e", `PORTS=${second}`, "--read-only", "--user", "65534:65534"],
    command,
  );
  await waitForAnswer(first);
  await waitForAnswer(second);
  for (const { name } of [one, other]) {
    assertMatch(await docker("exec", name, "/hayate", "health"), /^healthy: generation 1 serves$/);
    await waitUntil("Docker's own check", async () => await healthOf(name) === "healthy");
  }
  await using starting = await startContainer(
    ["-e", `PORTS=${freePort()}`],
    ["--ready-notify", "--", "/hayate", "load", "-d", "60s", `http://127.0.0.1:${first}/`],
  );
  await starting.waitForLog(/starting new worker/);
  const { code, stdout } = await runProgram("docker", ["exec", starting.name, "/hayate", "health"]);
  assertEquals([code, stdout.trim()], [1, "unhealthy: starting"]);
}

async function healthyLoad(): Promise<void> {
  const port = freePort();
  await using _served = await startContainer(["-e", `PORTS=${port}`], ["serve", "--text", "hi"]);
  await waitForAnswer(port);
  const url = `http://127.0.0.1:${port}/`;
  await using load = await startContainer([], ["load", "-c", "1", "-R", "10", "-d", "60s", url]);
  const answer = await docker("exec", load.name, "/hayate", "health");
  assertEquals(answer.trim(), "healthy: hayate load is not a server");
}

async function shutdownDelay(): Promise<void> {
  const port = freePort();
  await using served = await startContainer(
    ["-e", `PORTS=${port}`, "-e", "SHUTDOWN_DELAY=600", "-e", "DRAIN_TIMEOUT=5"],
    ["serve", "--text", "hi"],
  );
  await waitForAnswer(port);
  await served.waitForLog(/a stop may take 606 s .*--stop-timeout 606/);
  await docker("kill", "--signal=TERM", served.name);
  await served.waitForLog(/received TERM, accepting for 600 secs more/);
  assertEquals(await statusOf(port), 200);
  const { code, stdout } = await runProgram("docker", ["exec", served.name, "/hayate", "health"]);
  assertEquals([code, stdout.trim()], [1, "unhealthy: about to stop"]);
  await docker("kill", "--signal=TERM", served.name);
  assertEquals(await docker("wait", served.name), "0");
}

/** Each new container has the host's network and the folder of the socket. */
async function takeOver(): Promise<void> {
  await using folder = await tempFolder();
  const [plain, secure] = [freePort(), freePort()];
  const start = (release: number) =>
    startContainer([
      ...["-e", `PORTS=${plain} ${secure}/tls`, "-v", `${folder.path}:/share`],
      ...["-e", "TAKE_OVER=/share/take-over.sock"],
    ], ["serve", "--text", `release ${release}`]);
  await using stack = new AsyncDisposableStack();
  const first = stack.use(await start(0));
  await waitForAnswer(plain);
  const loads = [[`http://127.0.0.1:${plain}/`], ["-k", `https://127.0.0.1:${secure}/`]].map((
    url,
  ) => stack.use(startHayate(["load", "-c", "4", "-d", "600s", "--no-retry", ...url])));
  let running = first;
  const takeOvers = 20;
  for (let release = 1; release <= takeOvers; release++) {
    const successor = stack.use(await start(release));
    await successor.waitForLog(/the supervisor \d+ has ended/);
    assertEquals(await docker("wait", running.name), "0");
    running = successor;
  }
  for (const load of loads) {
    load.kill("SIGINT");
    const { stdout } = await load.result();
    assertMatch(stdout, /\d+ requests in/);
    assert(!/Socket errors|Non-2xx/.test(stdout), stdout);
  }
  // As an engine does with --restart always.
  await docker("start", first.name);
  assertEquals(await docker("wait", first.name), "1");
  assertMatch(await first.logs(), /cannot take over at .*(already|is older than)/);
  const body = await rawExchange(tcp(plain), "GET / HTTP/1.0\r\n\r\n");
  assertMatch(body, new RegExp(`release ${takeOvers}$`));
}

async function healthOf(name: string): Promise<string> {
  return await docker("inspect", "-f", "{{.State.Health.Status}}", name);
}

async function writeConfig(folder: TempFolder, text: string): Promise<void> {
  await folder.write("etc/h2o.conf", text);
}
