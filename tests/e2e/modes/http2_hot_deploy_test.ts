/** HTTP/2 while a HUP comes every second: no request of any client may fail. */
// Runs alone: it is about full load.
import { assert, assertEquals, assertMatch } from "@std/assert";
import type { ReportJson } from "../../../mod/load/report/json/report_json.ts";
import { certificateFor } from "../../contract/tls_ends.ts";
import { binaryPath, Child, sleep, startHayate } from "../../support/binary.ts";
import { peerPath, peerTest } from "../../support/peers.ts";
import { freePort, type TempFolder, tempFolder } from "../../support/ports.ts";

const durationS = 5;
/** New generations that must have started under load. */
const changesMin = 3;
const requests = 20_000;

/** A supervisor with a proxy that serves one file, plain and over TLS. */
interface Appliance extends AsyncDisposable {
  readonly supervisor: Child;
  readonly plain: number;
  readonly secure: number;
  readonly certificateFile: string;
  readonly folder: TempFolder;
}

async function startAppliance(): Promise<Appliance> {
  await using stack = new AsyncDisposableStack();
  const folder = stack.use(await tempFolder());
  const own = certificateFor("localhost", "127.0.0.1");
  const [plain, secure] = [freePort(), freePort()];
  await folder.write("www/index.html", "hello");
  const config = await folder.write(
    "h2o.conf",
    `listen:
  - {host: 127.0.0.1, port: ${plain}}
  - host: 127.0.0.1
    port: ${secure}
    ssl: {certificate-file: ${own.certificateFile}, key-file: ${own.keyFile}}
hosts: {default: {paths: {/: {file.dir: ${folder.path}/www}}}}
`,
  );
  const ports = [plain, secure].flatMap((port) => ["--port", `127.0.0.1:${port}`]);
  const supervisor = stack.use(startHayate(["supervise", ...ports, "--", "proxy", "-c", config]));
  await supervisor.waitForLine(`listening on 127.0.0.1:${secure}`);
  const owned = stack.move();
  return {
    ...{ supervisor, plain, secure, folder, certificateFile: own.certificateFile },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** Sends HUP every second until `client` has ended; each must be followed by a new generation. */
async function hupUntilEnd({ supervisor }: Appliance, client: Child): Promise<number> {
  let changes = 0;
  while (!client.hasEnded) {
    const before = supervisor.stderr.length;
    supervisor.kill("SIGHUP");
    await supervisor.waitUntil(
      "the end of an old worker",
      () => /old worker \d+ died/.test(supervisor.stderr.slice(before)) || null,
    );
    changes++;
    await sleep(1000);
  }
  return changes;
}

/** Runs a client until enough generations have come and gone under it. `check` looks at each run. */
async function deployUnder(
  start: (appliance: Appliance) => Child,
  check: (output: string) => void,
): Promise<void> {
  await using appliance = await startAppliance();
  let changes = 0;
  for (let run = 0; run < 6 && changes < changesMin; run++) {
    await using client = start(appliance);
    changes += await hupUntilEnd(appliance, client);
    const { code, stdout, stderr } = await client.result();
    assertEquals(code, 0, stdout + stderr);
    check(stdout);
  }
  assert(changes >= changesMin, `saw only ${changes} new generations`);
}

function checkLoad(output: string): void {
  const { runs: [run] } = JSON.parse(output) as ReportJson;
  assertEquals(run.requestsFailed, 0, output);
  assert(run.requestsAnswered > 100, output);
}

Deno.test("HUP every second under load --http2", async () => {
  const flags = ["load", "--json", "-", "--http2", "-c8", "-m16", `-d${durationS}`];
  await deployUnder(
    ({ plain }) => startHayate([...flags, `http://127.0.0.1:${plain}/`]),
    checkLoad,
  );
});

Deno.test("HUP every second under load --http2 over TLS", async () => {
  const flags = ["load", "--json", "-", "--http2", "-c4", "-m8", `-d${durationS}`];
  await deployUnder(
    ({ secure, certificateFile }) =>
      startHayate([...flags, "--cacert", certificateFile, `https://localhost:${secure}/`]),
    checkLoad,
  );
});

peerTest("curl", "HUP every second under curl, twenty requests at a time over TLS", async () => {
  await deployUnder(({ secure, certificateFile }) =>
    new Child(peerPath("curl"), [
      ...["-sS", "--http2", "--cacert", certificateFile, "--parallel", "--parallel-max", "20"],
      ...["-o", "/dev/null", "-w", "%{http_code} %{http_version}\n"],
      `https://localhost:${secure}/?[1-${requests}]`,
    ]), (output) => assertEquals(output, "200 2\n".repeat(requests)));
});

peerTest("nghttpx", "HUP every second behind nghttpx", async () => {
  const port = freePort();
  const peers = new AsyncDisposableStack();
  await using _ = peers;
  let isUp = false;
  await deployUnder(({ plain }) => {
    if (!isUp) {
      const back = `-b127.0.0.1,${plain};;proto=h2`;
      const front = `-f127.0.0.1,${port};no-tls`;
      peers.use(new Child(peerPath("nghttpx"), [front, back, "-n1", "--errorlog-file=/dev/null"]));
      isUp = true;
    }
    const flags = ["-c8", `-d${durationS}`, "--json", "-", `http://127.0.0.1:${port}/`];
    return new Child(binaryPath, ["load", ...flags]);
  }, checkLoad);
});

peerTest(
  "h2load",
  "HUP every second under h2load: every stream that was begun is answered",
  async () => {
    // It opens no second connection, so that each run ends at the next HUP.
    await deployUnder(
      ({ plain }) =>
        new Child(peerPath("h2load"), ["-D2", "-c8", "-m16", `http://127.0.0.1:${plain}/`]),
      (output) => {
        assertMatch(output, /^requests: .* 0 failed, 0 errored, 0 timeout$/m);
        const [, done, good] = /(\d+) done, (\d+) succeeded/.exec(output) ?? [];
        assertEquals(done, good, output);
        assert(Number(done) > 100, output);
      },
    );
  },
);
