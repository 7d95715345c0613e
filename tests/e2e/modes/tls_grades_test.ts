/** The TLS of `dist/hayate` with the machine's OpenSSL; `tests/image` has that of the image. */
import { assert } from "@std/assert";
import { libssl } from "../../../mod/sys/libssl.ts";
import { hybridGroup, missingGroups } from "../../../mod/tls/groups.ts";
import { writeSelfSigned } from "../../../mod/tls/self_signed.ts";
import { binaryLauncher } from "../../support/launcher.ts";
import { peerTest } from "../../support/peers.ts";
import { freePort, tempFolder } from "../../support/ports.ts";
import { TestProxy } from "../../support/proxy.ts";
import { gradesOf, tlsGradeTests } from "../../support/tls_grades.ts";

// Loaded here, so that libraries that stay open do not count as a leak of a single test.
libssl();

const isHybrid = missingGroups([hybridGroup]).length === 0;
tlsGradeTests(binaryLauncher, isHybrid ? /X25519MLKEM768/ : /X25519/);

peerTest("testssl", "testssl finds the faults of settings that ask for them", async () => {
  await using folder = await tempFolder();
  const [crt, key] = [`${folder.path}/c.pem`, `${folder.path}/k.pem`];
  writeSelfSigned(["localhost"], crt, key);
  const port = freePort();
  const weak = 'minimum-version: TLSv1, cipher-suite: "ALL:aNULL:@SECLEVEL=0"';
  await using _proxy = await TestProxy.start(`listen: {port: PORT, host: 127.0.0.1}
listen: {port: ${port}, host: 127.0.0.1, ssl: {certificate-file: ${crt}, key-file: ${key}, ${weak}}}
hosts: {default: {paths: {/: {status: ON}}}}
`);
  const found = await gradesOf(port, folder.path, ["-p", "-s", "-n", "none"]);
  for (const id of ["TLS1", "TLS1_1", "cipherlist_aNULL"]) {
    const severity = found.find((each) => each.id === id)?.severity ?? "missing";
    assert(["LOW", "MEDIUM", "HIGH", "CRITICAL"].includes(severity), `${id}: ${severity}`);
  }
});
