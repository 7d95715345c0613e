/** `listen.ssl` and `ssl-session-resumption` as clients see them: OCSP, versions, groups, ticket files. */
import { assertEquals, assertMatch } from "@std/assert";
import { libssl } from "../../../mod/sys/libssl.ts";
import { writeSelfSigned } from "../../../mod/tls/self_signed.ts";
import { runProgram } from "../../support/binary.ts";
import { peerTest } from "../../support/peers.ts";
import { freePort, type TempFolder, tempFolder } from "../../support/ports.ts";
import { TestProxy } from "../../support/proxy.ts";
import { ticketKeyText } from "../../support/ticket_keys.ts";

// Loaded here, so that libraries that stay open do not count as a leak of a single test.
libssl();

/** Runs openssl in the folder; its output. */
async function openssl(folder: TempFolder, command: string): Promise<string> {
  const { stdout, stderr } = await runProgram("sh", ["-c", `openssl ${command} 2>&1 </dev/null`], {
    cwd: folder.path,
  });
  return stdout + stderr;
}

/** A proxy with a listener for TLS, whose pair is c.pem and k.pem; `ssl` are further keys. */
async function startProxy(
  folder: TempFolder,
  port: number,
  ssl: string,
  more = "",
): Promise<TestProxy> {
  const files = `certificate-file: ${folder.path}/c.pem, key-file: ${folder.path}/k.pem`;
  return await TestProxy.start(`${more}
listen: {port: PORT, host: 127.0.0.1}
listen: {port: ${port}, host: 127.0.0.1, ssl: {${files}${ssl}}}
hosts: {default: {paths: {/: {status: ON}}}}
`);
}

function makePair(folder: TempFolder): void {
  writeSelfSigned(["localhost"], `${folder.path}/c.pem`, `${folder.path}/k.pem`);
}

/** A CA's OCSP response for c.pem as `name`; V: good, R: revoked. `life`: as openssl says it. */
async function makeResponse(
  folder: TempFolder,
  state: "V" | "R",
  name: string,
  life = "-ndays 1",
): Promise<void> {
  const revoked = state === "R" ? "200101000000Z" : "";
  await folder.write(
    "index.txt",
    `${state}\t391231000000Z\t${revoked}\t07\tunknown\t/CN=localhost\n`,
  );
  const files = "-index index.txt -CA ca.crt -rsigner ca.crt -rkey ca.key -reqin req.der";
  await openssl(folder, `ocsp ${files} -respout ${name}.new ${life}`);
  await Deno.rename(`${folder.path}/${name}.new`, `${folder.path}/${name}`);
}

/** As `makeResponse`, with the end in 2020; openssl makes none that has ended. */
async function makeEnded(folder: TempFolder, name: string): Promise<void> {
  await makeResponse(folder, "V", `${name}.whole`);
  const bytes = await Deno.readFile(`${folder.path}/${name}.whole`);
  // Of the GeneralizedTimes, nextUpdate is the last.
  const text = new TextDecoder("latin1").decode(bytes);
  const at = [...text.matchAll(/\d{14}Z/g)].at(-1)!.index;
  bytes.set(new TextEncoder().encode("2020"), at);
  await Deno.writeFile(`${folder.path}/${name}.new`, bytes);
  await Deno.rename(`${folder.path}/${name}.new`, `${folder.path}/${name}`);
}

async function makeAuthority(folder: TempFolder): Promise<void> {
  const key = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes";
  await openssl(folder, `req -x509 ${key} -keyout ca.key -out ca.crt -subj /CN=ca -days 30`);
  await openssl(folder, `req ${key} -keyout k.pem -out r.csr -subj /CN=localhost`);
  const from = "-CA ca.crt -CAkey ca.key -set_serial 7 -days 20";
  await openssl(folder, `x509 -req -in r.csr ${from} -out c.pem`);
  await openssl(folder, "ocsp -issuer ca.crt -cert c.pem -reqout req.der");
}

/** The status that is stapled to a handshake; "none" without one. */
async function stapled(folder: TempFolder, port: number, version = "-tls1_3"): Promise<string> {
  const shown = await openssl(folder, `s_client -connect 127.0.0.1:${port} -status ${version}`);
  return /Cert Status: (\w+)/.exec(shown)?.[1] ?? "none";
}

/** Workers look at their files at moments of their own. */
async function waitForStaple(folder: TempFolder, port: number, wanted: string): Promise<void> {
  let inRow = 0;
  for (let attempt = 0; attempt < 300 && inRow < 6; attempt++) {
    inRow = await stapled(folder, port) === wanted ? inRow + 1 : 0;
    if (inRow === 0) await new Promise((resolve) => setTimeout(resolve, 100));
  }
  assertEquals(await stapled(folder, port), wanted);
}

peerTest("openssl", "an OCSP response is stapled, and read again when it changes", async () => {
  await using folder = await tempFolder();
  await makeAuthority(folder);
  await makeResponse(folder, "V", "ocsp.der");
  const port = freePort();
  await using proxy = await startProxy(folder, port, `, ocsp-file: ${folder.path}/ocsp.der`);
  const status = (version: string) => stapled(folder, port, version);
  assertEquals([await status("-tls1_2"), await status("-tls1_3")], ["good", "good"]);
  await makeResponse(folder, "R", "ocsp.der");
  await proxy.child.waitForLine("certificates reloaded");
  assertEquals([await status("-tls1_2"), await status("-tls1_3")], ["revoked", "revoked"]);
  await folder.write("ocsp.der", "no response");
  await proxy.child.waitForLine(/still using the old certificate: .*not an OCSP response in DER/);
  assertEquals(await status("-tls1_3"), "revoked");
});

for (const workers of [1, 2]) {
  peerTest("openssl", `an OCSP response that has ended is not stapled (${workers})`, async () => {
    await using folder = await tempFolder();
    await makeAuthority(folder);
    // Without nextUpdate it holds for ever.
    await makeResponse(folder, "V", "ocsp.der", "");
    const port = freePort();
    const file = `${folder.path}/ocsp.der`;
    const threads = `num-threads: ${workers}`;
    await using proxy = await startProxy(folder, port, `, ocsp-file: ${file}`, threads);
    assertEquals(await stapled(folder, port), "good");
    await makeEnded(folder, "ocsp.der");
    await proxy.child.waitForLine(/ocsp\.der: the OCSP response ended at 2020-.*not stapled until/);
    await waitForStaple(folder, port, "none");
    await makeResponse(folder, "V", "ocsp.der");
    await waitForStaple(folder, port, "good");
    const lines = proxy.child.stderr.match(/OCSP response ended/g);
    assertEquals(lines?.length, 1, proxy.child.stderr);
  });
}

peerTest(
  "openssl",
  "an OCSP response that has ended does not keep a server from starting",
  async () => {
    await using folder = await tempFolder();
    await makeAuthority(folder);
    await makeEnded(folder, "ocsp.der");
    const port = freePort();
    await using proxy = await startProxy(folder, port, `, ocsp-file: ${folder.path}/ocsp.der`);
    await proxy.child.waitForLine("the OCSP response ended at");
    assertEquals(await stapled(folder, port), "none");
  },
);

/** Keys of `listen.ssl`, and which clients they admit. */
const settings: readonly (readonly [ssl: string, client: string, isAdmitted: boolean])[] = [
  ["max-version: TLSv1.2", "-tls1_2", true],
  ["max-version: TLSv1.2", "-tls1_3", false],
  ["min-version: TLSv1.3", "-tls1_2", false],
  ["min-version: TLSv1.3", "-tls1_3", true],
  ["key-exchange-tls1.3: [x448, secp384r1]", "-tls1_3 -groups X448", true],
  ["key-exchange-tls1.3: [x448, secp384r1]", "-tls1_3 -groups P-384", true],
  ["key-exchange-tls1.3: [x448, secp384r1]", "-tls1_3 -groups X25519", false],
  ["key-exchange-tls1.3: [X25519MLKEM768, x25519]", "-tls1_3 -groups X25519", true],
  [
    "cipher-suite-tls1.3: [TLS_CHACHA20_POLY1305_SHA256]",
    "-ciphersuites TLS_AES_128_GCM_SHA256 -tls1_3",
    false,
  ],
  ["cipher-suite-tls1.3: [TLS_CHACHA20_POLY1305_SHA256]", "-tls1_3", true],
];

peerTest("openssl", "versions, groups and suites admit only the clients that fit", async () => {
  await using folder = await tempFolder();
  makePair(folder);
  for (const ssl of new Set(settings.map(([ssl]) => ssl))) {
    const port = freePort();
    await using _proxy = await startProxy(folder, port, `, ${ssl}`);
    for (const [, client, isAdmitted] of settings.filter((row) => row[0] === ssl)) {
      const shown = await openssl(folder, `s_client -connect 127.0.0.1:${port} ${client}`);
      assertEquals(
        /^New, TLSv1\.[23], Cipher is TLS_|^New, TLSv1\.[23], Cipher is ECDHE/m.test(shown),
        isAdmitted,
        `${ssl}: ${client}`,
      );
    }
  }
});

peerTest(
  "openssl",
  "two hosts follow the ticket file, and keep their keys over a broken one",
  async () => {
    await using folder = await tempFolder();
    makePair(folder);
    const [first, second] = [
      ticketKeyText(),
      ticketKeyText({ notBefore: Math.floor(Date.now() / 1000) - 30 }),
    ];
    const file = await folder.write("tickets.yaml", first);
    const replace = async (text: string) => {
      await Deno.rename(await folder.write("tickets.new", text), file);
    };
    const ports = [freePort(), freePort()];
    const more = `ssl-session-resumption: {mode: ticket, ticket-store: file, ticket-file: ${file}}`;
    await using one = await startProxy(folder, ports[0], "", more);
    await using two = await startProxy(folder, ports[1], "", more);
    const both = async (line: string | RegExp, count = 1) => {
      for (const { child } of [one, two]) {
        await child.waitUntil(String(line), () =>
          Promise.resolve(
            child.stderr.split("\n").filter((each) => each.match(line)).length >= count || null,
          ));
      }
    };
    const visit = async (port: number, session: string) => {
      const request = "GET / HTTP/1.1\\r\\nHost: h\\r\\nConnection: close\\r\\n\\r\\n";
      const { stdout } = await runProgram("sh", [
        "-c",
        `printf '${request}' | openssl s_client -ign_eof -connect 127.0.0.1:${port} ${session} 2>&1`,
      ], { cwd: folder.path });
      return /^(New|Reused), /m.exec(stdout)?.[1];
    };
    assertEquals(await visit(ports[0], "-sess_out a.pem"), "New");
    assertEquals(await visit(ports[1], "-sess_in a.pem"), "Reused");
    // The usual rotation: the new key comes first, the old one still decrypts.
    await replace(second + first);
    await both("session ticket keys reloaded");
    assertEquals(await visit(ports[1], "-sess_in a.pem -sess_out b.pem"), "Reused");
    assertEquals(await visit(ports[0], "-sess_in b.pem"), "Reused");
    await replace("- name: x\n");
    await both(/still using the old session ticket keys: .*tickets\.yaml/);
    assertEquals(await visit(ports[1], "-sess_in b.pem"), "Reused");
    await replace(second);
    await both("session ticket keys reloaded", 2);
    for (const port of ports) {
      assertEquals(await visit(port, "-sess_in a.pem"), "New");
      assertEquals(await visit(port, "-sess_in b.pem"), "Reused");
    }
    assertMatch(one.child.stderr, /^(?![^]*still using[^]*still using)/);
  },
);
