/** TLS_DOMAIN of the appliance: a certificate from a real ACME server, without a configuration. */
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { readIfThere } from "../../../mod/process/files/if_there.ts";
import { type Child, runHayate, startHayate } from "../../support/binary.ts";
import { Pebble, pebblePrograms } from "../../support/pebble.ts";
import { peerTest } from "../../support/peers.ts";
import { freePort, type TempFolder, tempFolder } from "../../support/ports.ts";
import { certificateThat } from "../../support/served_certificate.ts";

const programs = [...pebblePrograms, "openssl"];

interface Ports {
  readonly http: number | null;
  readonly tls: number;
}

/** `hayate supervise COMMAND` with TLS_DOMAIN, and its state in `folder`. */
function startAppliance(
  command: readonly string[],
  pebble: Pebble,
  folder: TempFolder,
  { http, tls }: Ports,
  names = "a.example b.example",
): Child {
  const plain = http === null ? "" : `127.0.0.1:${http} `;
  return startHayate(["supervise", ...command], {
    env: {
      PORTS: `${plain}127.0.0.1:${tls}/tls`,
      TLS_DOMAIN: names,
      ACME_DIRECTORY: pebble.directory,
      ACME_CA_FILE: pebble.caFile,
      ACME_STATE: `${folder.path}/acme`,
    },
  });
}

const commands: readonly (readonly string[])[] = [
  ["proxy"],
  ["serve", "--text", "hi", "--workers", "1"],
  ["serve", "--text", "hi", "--workers", "2"],
];

for (const command of commands) {
  const what = command.join(" ");

  peerTest(programs, `TLS_DOMAIN orders by TLS-ALPN-01, HUP keeps it: ${what}`, async () => {
    await using folder = await tempFolder();
    const tls = freePort();
    await using pebble = await Pebble.start({ tlsPort: tls });
    await using supervisor = startAppliance(command, pebble, folder, { http: null, tls });
    await supervisor.waitForLine("terms of service TLS_DOMAIN accepts");
    await supervisor.waitForLine("acme: a.example: certificate by Pebble");
    await supervisor.waitForLine("acme: b.example: certificate by Pebble");
    supervisor.kill("SIGHUP");
    await supervisor.waitForLine("killing old workers");
    // An old worker that looks at the files ten seconds later may still accept.
    for (const name of ["a.example", "b.example"]) {
      await certificateThat(tls, name, (served) => served.includes("Pebble"));
    }
  });

  peerTest(programs, `TLS_DOMAIN orders by HTTP-01 over the plain port: ${what}`, async () => {
    await using folder = await tempFolder();
    const [http, tls] = [freePort(), freePort()];
    // Nothing listens where the CA asks over TLS.
    await using pebble = await Pebble.start({ httpPort: http });
    await using supervisor = startAppliance(command, pebble, folder, { http, tls });
    // In the middle of the first order: it goes on, and the new workers answer.
    await supervisor.waitUntil(
      "an order",
      () => readIfThere(`${folder.path}/acme/names/a.example.json`),
    );
    supervisor.kill("SIGHUP");
    await supervisor.waitForLine("acme: a.example: certificate by Pebble");
    await supervisor.waitForLine("acme: b.example: certificate by Pebble");
    assertEquals(supervisor.stderr.includes("next attempt"), false);
    await certificateThat(tls, "a.example", (served) => served.includes("Pebble"));
    const other = await fetch(`http://127.0.0.1:${http}/.well-known/acme-challenge/other`);
    // Tokens of others are ordinary requests.
    assertStringIncludes(await other.text(), command[0] === "serve" ? "hi" : "hayate");
  });
}

peerTest(programs, "where HTTP-01 does not get through, TLS-ALPN-01 is next", async () => {
  await using folder = await tempFolder();
  const [http, tls] = [freePort(), freePort()];
  // Nothing listens where the CA asks over plain HTTP.
  await using pebble = await Pebble.start({ tlsPort: tls });
  const command = ["serve", "--text", "hi", "--workers", "2"];
  {
    await using first = startAppliance(command, pebble, folder, { http, tls }, "a.example");
    await first.waitForLine(
      /\[error\] acme: a\.example: .*http-01 failed: .*serving a self-signed .*next attempt in \d+ s/,
    );
  }
  // The pause is over.
  const file = `${folder.path}/acme/names/a.example.json`;
  const stored = JSON.parse(await Deno.readTextFile(file));
  await Deno.writeTextFile(file, JSON.stringify({ ...stored, retryAtMs: 0 }));
  await using again = startAppliance(command, pebble, folder, { http, tls }, "a.example");
  await again.waitForLine("acme: a.example: certificate by Pebble");
});

peerTest(programs, "TLS_DOMAIN renews while serve goes on", async () => {
  await using folder = await tempFolder();
  const [http, tls] = [freePort(), freePort()];
  await using pebble = await Pebble.start({ httpPort: http, validitySeconds: 20 });
  const command = ["serve", "--text", "hi", "--workers", "2"];
  await using supervisor = startAppliance(command, pebble, folder, { http, tls }, "a.example");
  const isOfCa = (served: string) => served.includes("Pebble");
  const first = await certificateThat(tls, "a.example", isOfCa);
  await certificateThat(tls, "a.example", (served) => isOfCa(served) && served !== first);
  assertEquals(supervisor.stderr.includes("next attempt"), false);
});

peerTest(programs, "a graceful stop in the middle of an order is no failed attempt", async () => {
  for (const command of commands) {
    await using folder = await tempFolder();
    const [http, tls] = [freePort(), freePort()];
    await using pebble = await Pebble.start({ httpPort: http });
    await using supervisor = startAppliance(command, pebble, folder, { http, tls }, "a.example");
    const file = `${folder.path}/acme/names/a.example.json`;
    await supervisor.waitUntil("an order", () => readIfThere(file));
    supervisor.kill("SIGTERM");
    assertEquals((await supervisor.status).code, 0);
    const { failures, lastError } = JSON.parse(await Deno.readTextFile(file));
    assertEquals({ failures, lastError }, { failures: 0, lastError: "" });
    assertEquals([...Deno.readDirSync(`${folder.path}/acme/challenges`)], []);
    await using again = startAppliance(command, pebble, folder, { http, tls }, "a.example");
    await again.waitForLine("acme: a.example: certificate by Pebble");
  }
});

Deno.test("an unusable TLS_DOMAIN is an error in one clear line", async () => {
  for (const name of ["*.a.example", "localhost", "127.0.0.1"]) {
    const { code, stderr } = await runHayate(["supervise", "proxy"], {
      env: { PORTS: `${freePort()}/tls`, TLS_DOMAIN: `b.example ${name}` },
    });
    assertMatch(stderr, /TLS_DOMAIN: found/);
    assertStringIncludes(stderr, name);
    assertMatch(String(code), /^1$/);
  }
});
