/** What testssl and a curl of today say about the TLS of the appliance, as it is without settings. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { runProgram } from "./binary.ts";
import type { Launcher } from "./launcher.ts";
import { newer, peerPath, peerTest } from "./peers.ts";
import { freePort, tempFolder } from "./ports.ts";

/** A finding of testssl's JSON. */
interface Finding {
  readonly id: string;
  readonly severity: string;
  readonly finding: string;
}

/**
 * Protocols, categories of ciphers, forward secrecy, the certificate, and the attacks that settings of
 * the server decide; without look-ups in DNS.
 */
const checks = "-p -s -f -S -R -C -I -T -BB -W -F -J -4 -n none".split(" ");

/** All that may be wrong with a self-signed certificate. */
const ofSelfSigned = ["cert_chain_of_trust", "cert_revocation"];

/** Grades that must be there, so that a check that was left out is not taken for a good one. */
const good: readonly (readonly [id: string, finding: RegExp])[] = [
  ["SSLv3", /^not offered/],
  ["TLS1", /^not offered/],
  ["TLS1_1", /^not offered/],
  ["TLS1_2", /^offered/],
  ["TLS1_3", /^offered/],
  ["ALPN_HTTP2", /^h2/],
  ["cipherlist_NULL", /^not offered/],
  ["cipherlist_aNULL", /^not offered/],
  ["cipherlist_EXPORT", /^not offered/],
  ["cipherlist_LOW", /^not offered/],
  ["cipherlist_3DES_IDEA", /^not offered/],
  ["cipherlist_AVERAGE", /^not offered/],
  ["cipherlist_STRONG", /^offered/],
  ["PFS", /^offered/],
  ["PFS_ECDHE_curves", /X25519/],
  ["TLS_session_ticket", /valid for 7200 seconds/],
  ["cert_signatureAlgorithm", /^ECDSA with SHA256/],
  ["cert_keySize", /^EC 256 bits/],
  ["ticketbleed", /^not vulnerable/],
  ["ROBOT", /^not vulnerable/],
  ["secure_renego", /^supported/],
  ["secure_client_renego", /^not vulnerable/],
  ["CRIME_TLS", /^not vulnerable/],
  ["SWEET32", /^not vulnerable/],
  ["FREAK", /^not vulnerable/],
  ["LOGJAM", /^not vulnerable/],
  ["RC4", /^not vulnerable/],
];

/** `group`: what the library in use must agree on with a client that prefers the hybrid. */
export function tlsGradeTests(launcher: Launcher, group: RegExp): void {
  peerTest([...launcher.needs, "testssl"], `${launcher.name}: testssl finds no fault`, async () => {
    await using folder = await tempFolder();
    const port = freePort();
    await using server = await launcher.start({
      folder: folder.path,
      args: ["supervise", "proxy"],
      env: { PORTS: `127.0.0.1:${port}/tls` },
    });
    await server.child.waitForLine(/supervises/);
    const found = await gradesOf(port, folder.path, checks);
    const faults = found.filter(({ id, severity }) =>
      ["LOW", "MEDIUM", "HIGH", "CRITICAL"].includes(severity) && !ofSelfSigned.includes(id)
    );
    assertEquals(faults, []);
    for (const [id, finding] of good) {
      assertMatch(found.find((each) => each.id === id)?.finding ?? `${id} is missing`, finding);
    }
    // Finite fields cost the server a hundred times what curves do.
    assertEquals(found.filter(({ id }) => id === "DH_groups"), []);
  });

  const needs = [...launcher.needs, newer("curl")];
  peerTest(needs, `${launcher.name}: curl of today agrees on ${group.source}`, async () => {
    await using folder = await tempFolder();
    const port = freePort();
    await using server = await launcher.start({
      folder: folder.path,
      args: ["supervise", "serve", "--text", "hello"],
      env: { PORTS: `127.0.0.1:${port}/tls` },
    });
    await server.child.waitForLine(/supervises/);
    const url = `https://127.0.0.1:${port}/`;
    const { stdout, stderr } = await runProgram(peerPath(newer("curl")), ["-skv", url]);
    assertEquals(stdout, "hello");
    assertMatch(stderr, new RegExp(`SSL connection using TLSv1\\.3 / .* / ${group.source} /`, "i"));
  });
}

/** Runs testssl against a port of this host. */
export async function gradesOf(
  port: number,
  folder: string,
  checks: readonly string[],
): Promise<readonly Finding[]> {
  const file = `${folder}/grades.json`;
  const args = ["--quiet", "--color", "0", "--warnings", "off", "--jsonfile", file, ...checks];
  const { stdout, stderr } = await runProgram("testssl", [...args, `127.0.0.1:${port}`], {
    waitTimeoutMs: 800_000,
  });
  const found = JSON.parse(await Deno.readTextFile(file)) as Finding[];
  assert(found.some(({ id }) => id === "scanTime"), stdout + stderr);
  return found;
}
