/** Certificates of `serve` without a supervisor that orders: `--domain`, PORTS, and a self-signed pair. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { readIfThere } from "../../../mod/process/files/if_there.ts";
import { Child, childPids, runHayate, runProgram, startHayate } from "../../support/binary.ts";
import { Pebble, pebblePrograms } from "../../support/pebble.ts";
import { peerTest } from "../../support/peers.ts";
import { freePort, type TempFolder, tempFolder } from "../../support/ports.ts";
import { type Backend, backends } from "../../support/serve.ts";
import { certificateThat, servedCertificate } from "../../support/served_certificate.ts";

const programs = [...pebblePrograms, "openssl"];
const isOfCa = (served: string) => served.includes("Pebble");

interface Ports {
  /** null: no plain port. */
  readonly http: number | null;
  readonly tls: number;
}

function flagsFor(pebble: Pebble, folder: TempFolder): string[] {
  return [
    ...["--domain", "a.example,b.example", "--acme-directory", pebble.directory],
    ...["--acme-ca-file", pebble.caFile, "--acme-state", `${folder.path}/acme`],
  ];
}

function portFlags({ http, tls }: Ports): string[] {
  const plain = http === null ? [] : ["--port", `127.0.0.1:${http}`];
  return [...plain, "--port", `127.0.0.1:${tls}/tls`];
}

/** `hayate serve` with certificates of `pebble`, and its state in `folder`. */
function startOrdering(
  pebble: Pebble,
  folder: TempFolder,
  ports: Ports,
  workers: number,
  backend: Backend = "epoll",
): Child {
  return startHayate(
    [
      ...["serve", "--text", "hi", "--workers", String(workers)],
      ...portFlags(ports),
      ...flagsFor(pebble, folder),
    ],
    { env: { HAYATE_REACTOR: backend } },
  );
}

async function isOrdered(child: Child, tls: number): Promise<void> {
  for (const name of ["a.example", "b.example"]) {
    await child.waitForLine(`acme: ${name}: certificate by Pebble`);
    await certificateThat(tls, name, isOfCa);
  }
  assertEquals(child.stderr.includes("next attempt"), false);
}

/** HUP, until no worker from before it is left. */
async function reload(child: Child): Promise<void> {
  const before = childPids(child.pid);
  assertEquals(before.length, 2);
  child.kill("SIGHUP");
  await child.waitUntil("other workers", () => {
    const pids = childPids(child.pid);
    return pids.length === 2 && !pids.some((pid) => before.includes(pid)) ? pids : null;
  });
}

for (const backend of backends) {
  for (const workers of backend === "epoll" ? [1, 2] : [2]) {
    peerTest(programs, `--domain by HTTP-01, ${workers} workers (${backend})`, async () => {
      await using folder = await tempFolder();
      const [http, tls] = [freePort(), freePort()];
      await using pebble = await Pebble.start({ httpPort: http });
      await using child = startOrdering(pebble, folder, { http, tls }, workers, backend);
      await child.waitForLine("terms of service --domain accepts");
      await isOrdered(child, tls);
      const plain = await fetch(`http://127.0.0.1:${http}/.well-known/acme-challenge/other`);
      assertEquals(await plain.text(), "hi");
    });
  }
}

peerTest(programs, "--domain by TLS-ALPN-01, and HUP keeps the certificates", async () => {
  await using folder = await tempFolder();
  const tls = freePort();
  await using pebble = await Pebble.start({ tlsPort: tls });
  await using child = startOrdering(pebble, folder, { http: null, tls }, 2);
  await isOrdered(child, tls);
  // The workers look at the files at moments of their own.
  const first = await certificateThat(tls, "b.example", isOfCa);
  await reload(child);
  assertEquals(await servedCertificate(tls, "b.example"), first);
});

peerTest([...programs, "wrk"], "a renewal of serve under load loses no request", async () => {
  await using folder = await tempFolder();
  const [http, tls] = [freePort(), freePort()];
  await using pebble = await Pebble.start({ httpPort: http, validitySeconds: 20 });
  await using child = startOrdering(pebble, folder, { http, tls }, 2);
  const first = await certificateThat(tls, "a.example", isOfCa);
  await using load = new Child("wrk", ["-t1", "-c10", "-d300", `https://127.0.0.1:${tls}/`]);
  await certificateThat(tls, "a.example", (served) => isOfCa(served) && served !== first);
  assert(!load.hasEnded, load.stderr);
  // It tells its figures, as at the end of its time.
  const { stdout } = await load.stop("SIGINT");
  assertMatch(stdout, /requests in/);
  assert(!/Socket errors|Non-2xx/.test(stdout), stdout);
  assertEquals(child.stderr.includes("next attempt"), false);
});

for (const workers of [1, 2]) {
  peerTest(programs, `a stop in the middle of an order of ${workers} workers`, async () => {
    await using folder = await tempFolder();
    const [http, tls] = [freePort(), freePort()];
    await using pebble = await Pebble.start({ httpPort: http });
    const ports = { http, tls };
    const file = `${folder.path}/acme/names/a.example.json`;
    await using child = startOrdering(pebble, folder, ports, workers);
    await child.waitUntil("an order", () => readIfThere(file));
    child.kill("SIGTERM");
    assertEquals((await child.status).code, 0);
    assertEquals(JSON.parse(await Deno.readTextFile(file)).failures, 0);
    assertEquals([...Deno.readDirSync(`${folder.path}/acme/challenges`)], []);
    await using again = startOrdering(pebble, folder, ports, workers);
    await isOrdered(again, tls);
  });
}

peerTest(programs, "--domain under supervise, with a HUP in the middle of an order", async () => {
  await using folder = await tempFolder();
  const [http, tls] = [freePort(), freePort()];
  await using pebble = await Pebble.start({ httpPort: http });
  const args = ["supervise", "serve", "--text", "hi", "--workers", "2"];
  await using child = startHayate([...args, ...flagsFor(pebble, folder)], {
    env: { PORTS: `127.0.0.1:${http} 127.0.0.1:${tls}/tls` },
  });
  await child.waitUntil("an order", () => readIfThere(`${folder.path}/acme/names/a.example.json`));
  child.kill("SIGHUP");
  await isOrdered(child, tls);
  assertEquals(child.stderr.includes("set HAYATE_CERT"), false);
});

peerTest(
  [...programs, "curl"],
  "PORTS and TLS_DOMAIN are enough without a supervisor",
  async () => {
    await using folder = await tempFolder();
    const [http, tls] = [freePort(), freePort()];
    await using pebble = await Pebble.start({ httpPort: http });
    await using child = startHayate(["serve", "--text", "hi", "--workers", "1"], {
      env: {
        PORTS: `127.0.0.1:${http} 127.0.0.1:${tls}/tls`,
        TLS_DOMAIN: "a.example b.example",
        ACME_DIRECTORY: pebble.directory,
        ACME_CA_FILE: pebble.caFile,
        ACME_STATE: `${folder.path}/acme`,
      },
    });
    await child.waitForLine(`listening on http://127.0.0.1:${http}/`);
    await child.waitForLine(`listening on https://127.0.0.1:${tls}/`);
    await isOrdered(child, tls);
    const { stdout } = await runProgram("curl", ["-sSk", "-m", "10", `https://127.0.0.1:${tls}/`]);
    assertEquals(stdout, "hi");
  },
);

peerTest("openssl", "--tls with --domain is for inherited sockets, too", async () => {
  const tls = freePort();
  for (const workers of ["1", "2"]) {
    await using child = startHayate([
      ...["supervise", "--port", `127.0.0.1:${tls}`, "serve", "--text", "hi", "--tls"],
      ...["--workers", workers, "--domain", "a.example", "--acme-state", "memory"],
      ...["--acme-directory", "http://127.0.0.1:1/dir"],
    ]);
    await child.waitForLine("acme: a.example: http://127.0.0.1:1/dir: ");
    assertStringIncludes(await servedCertificate(tls, "a.example"), "a.example");
  }
});

Deno.test("--domain where no inherited socket is for TLS is one clear line", async () => {
  const { code, stderr } = await runHayate([
    ...["supervise", "--port", `127.0.0.1:${freePort()}`, "serve", "--text", "hi"],
    ...["--domain", "a.example", "--acme-state", "memory"],
  ]);
  assertEquals(code, 1);
  assertStringIncludes(stderr, "--domain: no socket is for TLS; with --tls all of them are");
});

peerTest("openssl", "a state folder that cannot be written orders nothing", async () => {
  const tls = freePort();
  await using child = startHayate([
    ...["serve", "--text", "hi", "--workers", "2", "--port", `127.0.0.1:${tls}/tls`],
    ...["--domain", "a.example", "--acme-state", "/proc/acme"],
  ]);
  await child.waitForLine(/cannot write \/proc\/acme: .*no certificate is ordered/);
  await child.waitForLine("listening on https://");
  assertStringIncludes(await servedCertificate(tls, "a.example"), "a.example");
});

for (const backend of backends) {
  peerTest("openssl", `one self-signed pair for all workers (${backend})`, async () => {
    const [http, tls] = [freePort(), freePort()];
    await using child = startHayate(["serve", "--text", "hi", "--workers", "2"], {
      env: { PORTS: `127.0.0.1:${http} 127.0.0.1:${tls}/tls`, HAYATE_REACTOR: backend },
    });
    await child.waitForLine(`TLS on 127.0.0.1:${tls} with a self-signed certificate`);
    await child.waitForLine(`listening on https://127.0.0.1:${tls}/ with 2 workers`);
    const seen = new Set<string>();
    for (let i = 0; i < 8; i++) seen.add(await servedCertificate(tls, "localhost"));
    await reload(child);
    for (let i = 0; i < 8; i++) seen.add(await servedCertificate(tls, "localhost"));
    assertEquals(seen.size, 1);
    assertEquals(await (await fetch(`http://127.0.0.1:${http}/`)).text(), "hi");
  });
}

peerTest(["openssl", "curl"], "--tls without --cert says what it serves (1 worker)", async () => {
  const port = freePort();
  await using child = startHayate([
    ...["serve", "--text", "hi", "--workers", "1", "--tls", "--port", `127.0.0.1:${port}`],
  ]);
  await child.waitForLine(`TLS on 127.0.0.1:${port} with a self-signed certificate for localhost`);
  await child.waitForLine(`listening on https://127.0.0.1:${port}/`);
  const { stdout } = await runProgram("curl", ["-sSk", "-m", "10", `https://127.0.0.1:${port}/`]);
  assertEquals(stdout, "hi");
});
