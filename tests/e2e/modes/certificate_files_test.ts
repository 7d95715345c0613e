/** Certificate files that change: used without a HUP, and logged once by all workers and listeners. */
import { assertEquals, assertMatch } from "@std/assert";
import { libssl } from "../../../mod/sys/libssl.ts";
import { writeSelfSigned } from "../../../mod/tls/self_signed.ts";
import { type Child, startHayate } from "../../support/binary.ts";
import { peerTest } from "../../support/peers.ts";
import { freePort, type TempFolder, tempFolder } from "../../support/ports.ts";
import { TestProxy } from "../../support/proxy.ts";
import { certificateThat, servedCertificate } from "../../support/served_certificate.ts";

// Loaded here, so that libraries that stay open do not count as a leak of a single test.
libssl();

/** A Kubernetes Secret in its three states: the first pair, half of the second one, all of it. */
async function makeSecret(folder: TempFolder): Promise<void> {
  const at = (name: string) => `${folder.path}/${name}`;
  for (const name of ["..1", "..2", "..3"]) await Deno.mkdir(at(name));
  writeSelfSigned(["localhost"], at("..1/tls.crt"), at("..1/tls.key"));
  writeSelfSigned(["localhost"], at("..3/tls.crt"), at("..3/tls.key"));
  await Deno.copyFile(at("..3/tls.crt"), at("..2/tls.crt"));
  await Deno.copyFile(at("..1/tls.key"), at("..2/tls.key"));
  for (const name of ["tls.crt", "tls.key"]) await Deno.symlink(`..data/${name}`, at(name));
  await switchTo(folder, 1);
}

async function switchTo({ path }: TempFolder, version: number): Promise<void> {
  await Deno.symlink(`..${version}`, `${path}/..data_tmp`);
  await Deno.rename(`${path}/..data_tmp`, `${path}/..data`);
}

/** The three states on `port`, as `child` serves and logs them. */
async function checkSwitches(folder: TempFolder, port: number, child: Child): Promise<void> {
  const first = await servedCertificate(port, "localhost");
  await switchTo(folder, 2);
  const broken = /still using the old certificate: .*tls\.key: .*does not belong to/;
  await child.waitForLine(broken);
  assertEquals(await servedCertificate(port, "localhost"), first);
  await switchTo(folder, 3);
  await child.waitForLine("certificates reloaded");
  // Other workers look within the same second.
  await certificateThat(port, "localhost", (served) => served !== "" && served !== first);
  await new Promise((resolve) => setTimeout(resolve, 1500));
  for (const line of [broken, /certificates reloaded: .*tls\.crt/]) {
    assertEquals(child.stderr.split("\n").filter((each) => line.test(each)).length, 1);
  }
  assertMatch(await servedCertificate(port, "localhost"), /CN = localhost/);
}

peerTest("openssl", "a Secret that is switched: proxy, two workers, two listeners", async () => {
  await using folder = await tempFolder();
  await makeSecret(folder);
  const [port, other] = [freePort(), freePort()];
  const pair = `certificate-file: ${folder.path}/tls.crt, key-file: ${folder.path}/tls.key`;
  await using proxy = await TestProxy.start(`num-threads: 2
listen: {port: PORT, host: 127.0.0.1}
listen: {port: ${port}, host: 127.0.0.1, ssl: {${pair}}}
listen: {port: ${other}, host: 127.0.0.1, ssl: {${pair}, min-version: TLSv1.3}}
hosts: {default: {paths: {/: {status: ON}}}}
`);
  await checkSwitches(folder, port, proxy.child);
});

for (const args of [["serve", "--text", "x"], ["serve", "--text", "x", "-w", "2"]]) {
  peerTest("openssl", `a Secret that is switched: supervise ${args.join(" ")}`, async () => {
    await using folder = await tempFolder();
    await makeSecret(folder);
    const port = freePort();
    await using supervisor = startHayate(["supervise", ...args], {
      env: {
        PORTS: `127.0.0.1:${port}/tls`,
        HAYATE_CERT: `${folder.path}/tls.crt`,
        HAYATE_KEY: `${folder.path}/tls.key`,
      },
    });
    await supervisor.waitForLine(/supervises/);
    await checkSwitches(folder, port, supervisor);
  });
}
