/**
 * Who runs in a container of the image, and what only root can open there
 * (`scripts/with_docker scripts/image --test`).
 */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { libssl } from "../../mod/sys/libssl.ts";
import { writeSelfSigned } from "../../mod/tls/self_signed.ts";
import { descendantPids, runProgram } from "../support/binary.ts";
import {
  type Container,
  docker,
  runContainer,
  startContainer,
  statusOf,
  waitForAnswer,
  waitUntil,
} from "../support/docker.ts";
import { peerTest } from "../support/peers.ts";
import { freePort, type TempFolder } from "../support/ports.ts";
import { assertIsUser, credentialsOf, sharedFolder } from "../support/privileges.ts";
import { certificateThat, servedCertificate } from "../support/served_certificate.ts";

// Loaded here, so that libraries that stay open do not count as a leak of a single test.
libssl();

const nobody = 65_534;
/** What a root that becomes another user needs of `docker run --cap-drop ALL`. */
const rootCaps = ["NET_BIND_SERVICE", "SETUID", "SETGID", "KILL"];
const dropAll = ["--cap-drop", "ALL"];

if (Deno.env.get("HAYATE_ENGINE") === "docker") {
  test("root serves as nobody, and opens keys and logs that only root can", () => rootsFiles([]));
  test("the same with four capabilities and a read-only root", () =>
    rootsFiles([
      ...[...dropAll, ...rootCaps.flatMap((name) => ["--cap-add", name])],
      ...["--read-only", "--tmpfs", "/tmp"],
    ]));
  for (const user of ["65534", "1000:1000"]) {
    test(`--user ${user} has nothing to change, and binds port 80`, () => plainUser(user));
  }
  test("a root that may not change its user does not start", mayNotChange);
}

function test(name: string, run: () => Promise<void>): void {
  peerTest(["docker", "curl", "openssl"], `docker: ${name}`, run);
}

/** All processes of the container but the first one, which holds the sockets. */
async function childrenOf({ name }: Container): Promise<number[]> {
  return descendantPids(Number(await docker("inspect", "-f", "{{.State.Pid}}", name)));
}

async function rootsFiles(flags: readonly string[]): Promise<void> {
  await using folder = await sharedFolder("keys", "logs");
  const [port, secure] = [freePort(), freePort()];
  const makeKey = () =>
    writeSelfSigned(["localhost"], `${folder.path}/keys/c.pem`, `${folder.path}/keys/k.pem`);
  makeKey();
  await folder.write("etc/h2o.conf", configOf(port, secure));
  const mounts = ["etc:/etc/hayate", "keys:/keys", "logs:/logs"].flatMap((mount) => [
    ...["-v", `${folder.path}/${mount}`],
  ]);
  const ports = ["-e", `PORTS=${port} ${secure}`];
  await using container = await startContainer([...flags, ...mounts, ...ports], []);
  await waitForAnswer(port);
  await expectNobody(container);

  const first = await servedCertificate(secure, "localhost");
  makeKey();
  await container.hup();
  await certificateThat(secure, "localhost", (served) => served !== "" && served !== first);
  await waitUntil("the end of the old generation", async () => {
    return /old worker \d+ died/.test(await container.logs());
  });
  await expectNobody(container);
  await reopenLog(container, folder, port);
}

function configOf(port: number, secure: number): string {
  return `listen: {port: ${port}, host: 0.0.0.0}
listen:
  port: ${secure}
  host: 0.0.0.0
  ssl: {certificate-file: /keys/c.pem, key-file: /keys/k.pem}
access-log: /logs/access.log
hosts: {default: {paths: {/: {status: ON}}}}
`;
}

async function expectNobody(container: Container): Promise<void> {
  const pids = await childrenOf(container);
  assert(pids.length > 0, "expected a worker");
  for (const pid of pids) assertIsUser(pid, nobody);
}

/** As logrotate does: the log is moved away, and USR1 opens another one. */
async function reopenLog(container: Container, folder: TempFolder, port: number): Promise<void> {
  const log = `${folder.path}/logs/access.log`;
  const isLogged = async (path: string) => {
    assertEquals(await statusOf(port), 200);
    return /GET \//.test(await Deno.readTextFile(path).catch(() => ""));
  };
  await waitUntil("a line in the log", () => isLogged(log));
  await Deno.rename(log, `${log}.1`);
  await docker("kill", "--signal=USR1", container.name);
  await waitUntil("a line in the next log", () => isLogged(log));
  const { uid, mode } = await Deno.stat(log);
  assertEquals([uid, mode! & 0o002], [0, 0]);
}

/** On a network of its own, where Docker lets everybody bind port 80. */
async function plainUser(user: string): Promise<void> {
  const flags = [
    ...["--user", user, "--read-only", ...dropAll, "--cap-add", "NET_BIND_SERVICE"],
    ...["-e", "PORTS=80"],
  ];
  await using container = await startContainer(flags, ["serve", "--text", "hi"], "bridge");
  const address = await docker("inspect", "-f", "{{.NetworkSettings.IPAddress}}", container.name);
  const answer = async () =>
    (await runProgram("curl", ["-s", "-m", "5", `http://${address}/`])).stdout;
  for (const generation of [1, 2]) {
    await waitUntil("an answer", async () => await answer() === "hi");
    if (generation === 1) await container.hup();
  }
  const [uid] = user.split(":");
  for (const pid of await childrenOf(container)) {
    for (const thread of credentialsOf(pid)) {
      assertEquals(thread.Uid, Array(4).fill(uid).join("\t"));
      assertMatch(thread.CapEff, /^0+$/);
    }
  }
  assert(!/nobody|root|user/.test(await container.logs()), await container.logs());
}

async function mayNotChange(): Promise<void> {
  const flags = [...dropAll, "--cap-add", "NET_BIND_SERVICE", "-e", `PORTS=${freePort()}`];
  const { code, stderr } = await runContainer(flags, []);
  assertEquals(code, 1, stderr);
  assertMatch(stderr, /nobody.*SETUID|SETUID.*nobody|cannot become/i);
}
