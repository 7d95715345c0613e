/** TLS sessions: resumed by every worker and after a reload, never where other clients are admitted. */
import { assertEquals, assertMatch } from "@std/assert";
import { libssl } from "../../../mod/sys/libssl.ts";
import { writeSelfSigned } from "../../../mod/tls/self_signed.ts";
import { Child, runProgram, startListening } from "../../support/binary.ts";
import { peerTest } from "../../support/peers.ts";
import { freePort, type TempFolder, tempFolder } from "../../support/ports.ts";
import { ticketKeyText } from "../../support/ticket_keys.ts";
import { rawExchange, tcp } from "../../support/raw_socket.ts";
import { TestProxy } from "../../support/proxy.ts";

// Loaded here, so that libraries that stay open do not count as a leak of a single test.
libssl();

/** The output of openssl's client; `more` are its flags. The session is kept in a file between calls. */
async function handshake(port: number, folder: TempFolder, ...more: string[]): Promise<string> {
  const flags = ["-connect", `127.0.0.1:${port}`, "-servername", "localhost", ...more];
  const request = "GET / HTTP/1.1\\r\\nHost: h\\r\\nConnection: close\\r\\n\\r\\n";
  const script = `printf '${request}' | openssl s_client -ign_eof ${flags.join(" ")} 2>&1`;
  return (await runProgram("sh", ["-c", script], { cwd: folder.path })).stdout;
}

async function startProxy(
  workers: number,
  ports: readonly [number, number],
  folder: TempFolder,
  more = "",
): Promise<TestProxy> {
  const [crt, key] = [`${folder.path}/c.pem`, `${folder.path}/k.pem`];
  if (more === "") writeSelfSigned(["localhost"], crt, key);
  const files = `certificate-file: ${crt}, key-file: ${key}`;
  return await TestProxy.start(`num-threads: ${workers}
${more}
listen: {port: PORT, host: 127.0.0.1}
listen: {port: ${ports[0]}, host: 127.0.0.1, ssl: {${files}}}
listen: {port: ${ports[1]}, host: 127.0.0.1, ssl: {${files}, client-ca-file: ${crt}}}
hosts: {default: {paths: {/: {status: ON}}}}
`);
}

for (const workers of [1, 2]) {
  for (const version of ["-tls1_2", "-tls1_3"]) {
    peerTest(
      "openssl",
      `A session is resumed by any worker and after HUP (num-threads ${workers}, ${version})`,
      async () => {
        await using folder = await tempFolder();
        const ports = [freePort(), freePort()] as const;
        await using proxy = await startProxy(workers, ports, folder);
        const first = await handshake(ports[0], folder, version, "-sess_out", "s.pem");
        assertMatch(first, /^New, /m);
        for (let i = 0; i < 6; i++) {
          if (i === 3) {
            proxy.child.kill("SIGHUP");
            await proxy.child.waitForLine("the new configuration is in force");
          }
          assertMatch(
            await handshake(ports[0], folder, version, "-sess_in", "s.pem"),
            /^Reused, /m,
          );
        }
      },
    );

    peerTest(
      "openssl",
      `A session of an open port is not valid on a port that requires certificates (${workers}, ${version})`,
      async () => {
        await using folder = await tempFolder();
        const ports = [freePort(), freePort()] as const;
        await using _proxy = await startProxy(workers, ports, folder);
        await handshake(ports[0], folder, version, "-sess_out", "s.pem");
        const refused = await handshake(ports[1], folder, version, "-sess_in", "s.pem");
        assertEquals(/HTTP\/1\.1 200/.test(refused), false, refused);
        const own = ["-cert", "c.pem", "-key", "k.pem"];
        const allowed = await handshake(ports[1], folder, version, ...own);
        assertMatch(allowed, /HTTP\/1\.1 200/);
      },
    );

    for (const supervised of [false, true]) {
      peerTest(
        "openssl",
        `A session of a client CA that was replaced is none of the new one (${workers}, ${version}, ` +
          `${supervised ? "supervised" : "alone"})`,
        async () => {
          await using folder = await tempFolder();
          const port = freePort();
          await using proxy = await startMutual(workers, port, folder, supervised);
          const old = ["-cert", "old.pem", "-key", "old.key"];
          const first = await handshake(port, folder, version, ...old, "-sess_out", "s.pem");
          assertMatch(first, /HTTP\/1\.1 200/);
          // The control: without a change it resumes, and needs no certificate.
          const kept = await handshake(port, folder, version, "-sess_in", "s.pem");
          assertMatch(kept, /^Reused, /m);
          assertMatch(kept, /HTTP\/1\.1 200/);
          await Deno.copyFile(`${folder.path}/new.pem`, `${folder.path}/ca.pem`);
          proxy.kill("SIGHUP");
          await proxy.waitForLine(
            supervised ? /old worker \d+ died, status:0/ : "the new configuration is in force",
          );
          for (const more of [[], old]) {
            const refused = await handshake(port, folder, version, ...more, "-sess_in", "s.pem");
            assertEquals(/^Reused, /m.test(refused), false, refused);
            assertEquals(/HTTP\/1\.1 200/.test(refused), false, refused);
          }
          const fresh = ["-cert", "new.pem", "-key", "new.key"];
          assertMatch(await handshake(port, folder, version, ...fresh), /HTTP\/1\.1 200/);
        },
      );
    }
  }

  peerTest(
    "openssl",
    `A reload with other certificates, versions or ciphers ends sessions, one without does not (${workers})`,
    async () => {
      await using folder = await tempFolder();
      const port = freePort();
      await using proxy = await startMutual(workers, port, folder, false, "");
      const file = `${folder.path}/h2o.conf`;
      const [before, text] = ["", await Deno.readTextFile(file)];
      const changes: [what: string, change: () => Promise<void>, isResumed: boolean][] = [
        ["nothing", () => Promise.resolve(), true],
        ["the certificate", () => {
          writeSelfSigned(["localhost"], `${folder.path}/c.pem`, `${folder.path}/k.pem`);
          return Promise.resolve();
        }, false],
        ["a version", () => folderWrite(", maximum-version: TLSv1.2"), false],
        ["a cipher", () => folderWrite(', cipher-suite: "ECDHE+AESGCM"'), false],
        ["a client CA", () => folderWrite(`, client-ca-file: ${folder.path}/new.pem`), false],
      ];
      const folderWrite = async (more: string) => {
        await Deno.writeTextFile(file, text.replace("k.pem}", `k.pem${more}}`));
      };
      for (const [what, change, isResumed] of changes) {
        await handshake(port, folder, "-tls1_2", "-sess_out", "s.pem");
        await change();
        const count = proxy.stderr.split("is in force").length;
        proxy.kill("SIGHUP");
        await proxy.waitUntil(
          "the reload",
          () => Promise.resolve(proxy.stderr.split("is in force").length > count || null),
        );
        const seen = await handshake(port, folder, "-tls1_2", "-sess_in", "s.pem");
        assertEquals(/^Reused, /m.test(seen), isResumed, `${what} ${before}\n${seen}`);
      }
    },
  );
}

peerTest("openssl", "Two proxies with one ticket file resume each other's sessions", async () => {
  await using folder = await tempFolder();
  writeSelfSigned(["localhost"], `${folder.path}/c.pem`, `${folder.path}/k.pem`);
  const file = await folder.write("tickets.yaml", ticketKeyText());
  const directive = `{mode: ticket, ticket-store: file, ticket-file: ${file}}`;
  const ports = [freePort(), freePort(), freePort(), freePort()] as const;
  const more = `ssl-session-resumption: ${directive}`;
  await using _one = await startProxy(2, [ports[0], ports[1]], folder, more);
  await using _two = await startProxy(1, [ports[2], ports[3]], folder, more);
  for (const version of ["-tls1_2", "-tls1_3"]) {
    await handshake(ports[0], folder, version, "-sess_out", "s.pem");
    assertMatch(await handshake(ports[2], folder, version, "-sess_in", "s.pem"), /^Reused, /m);
    const refused = await handshake(ports[3], folder, version, "-sess_in", "s.pem");
    assertEquals(/HTTP\/1\.1 200/.test(refused), false, refused);
  }
});

peerTest(
  "openssl",
  "HUP reads a replaced proxy.ssl.cafile, and no old session bypasses it",
  async () => {
    await using folder = await tempFolder();
    for (const name of ["old", "new"]) {
      writeSelfSigned(["localhost"], `${folder.path}/${name}.pem`, `${folder.path}/${name}.key`);
    }
    await Deno.copyFile(`${folder.path}/old.pem`, `${folder.path}/ca.pem`);
    const upstreamPort = freePort();
    await using upstream = new Child("openssl", [
      ...["s_server", "-accept", `127.0.0.1:${upstreamPort}`, "-www", "-quiet"],
      ...["-cert", `${folder.path}/old.pem`, "-key", `${folder.path}/old.key`],
    ]);
    await upstream.waitForSocket(tcp(upstreamPort));
    await using proxy = await TestProxy.start(`listen: {port: PORT, host: 127.0.0.1}
proxy.ssl.cafile: ${folder.path}/ca.pem
proxy.timeout.keepalive: 0
hosts: {default: {paths: {/: {proxy.reverse.url: "https://localhost:${upstreamPort}/"}}}}
`);
    const get = "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    const status = async () =>
      (await rawExchange(proxy.address, get, { idleMs: 10_000 })).split("\r\n")[0];
    for (let i = 0; i < 2; i++) assertMatch(await status(), / 200 /);
    await Deno.copyFile(`${folder.path}/new.pem`, `${folder.path}/ca.pem`);
    proxy.child.kill("SIGHUP");
    await proxy.child.waitForLine("the new configuration is in force");
    assertMatch(await status(), / 502 /);
  },
);

/** A listener whose clients need a certificate of `ca.pem`, which is `old.pem` at first. */
async function startMutual(
  workers: number,
  port: number,
  folder: TempFolder,
  supervised: boolean,
  client = `, client-ca-file: ${folder.path}/ca.pem`,
): Promise<Child> {
  const path = (name: string) => `${folder.path}/${name}`;
  writeSelfSigned(["localhost"], path("c.pem"), path("k.pem"));
  for (const name of ["old", "new"]) {
    writeSelfSigned([name], path(`${name}.pem`), path(`${name}.key`));
  }
  await Deno.copyFile(path("old.pem"), path("ca.pem"));
  const ssl = `{certificate-file: ${path("c.pem")}, key-file: ${path("k.pem")}${client}}`;
  const file = await folder.write(
    "h2o.conf",
    `num-threads: ${workers}
listen: {port: ${port}, host: 127.0.0.1, ssl: ${ssl}}
hosts: {default: {paths: {/: {status: ON}}}}
`,
  );
  const command = ["proxy", "-c", file];
  const args = supervised
    ? ["supervise", "--port", `127.0.0.1:${port}`, "--", ...command]
    : command;
  const child = await startListening(args, tcp(port));
  await child.waitForLine("listening on");
  return child;
}
