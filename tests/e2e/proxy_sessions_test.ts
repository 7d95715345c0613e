/** TLS sessions: resumed by every worker and after a reload, never where other clients are let in. */
import { assertEquals, assertMatch } from "@std/assert";
import { libssl } from "../../mod/sys/libssl.ts";
import { writeSelfSigned } from "../../mod/tls/self_signed.ts";
import { runProgram } from "../support/binary.ts";
import { peerTest } from "../support/peers.ts";
import { freePort, type TempFolder, tempFolder } from "../support/ports.ts";
import { TestProxy } from "./proxy_support.ts";

// Loaded here, so that no single test is blamed for what stays open for the thread's life.
libssl();

/** What openssl's client says; `more` are its flags. The session is kept in a file between calls. */
async function handshake(port: number, folder: TempFolder, ...more: string[]): Promise<string> {
  const flags = ["-connect", `127.0.0.1:${port}`, "-servername", "localhost", ...more];
  const request = "GET / HTTP/1.1\\r\\nHost: h\\r\\nConnection: close\\r\\n\\r\\n";
  const script = `(printf '${request}'; sleep 0.3) | openssl s_client -ign_eof ${
    flags.join(" ")
  } 2>&1`;
  return (await runProgram("sh", ["-c", script], { cwd: folder.path })).stdout;
}

async function startProxy(
  workers: number,
  ports: readonly [number, number],
  folder: TempFolder,
): Promise<TestProxy> {
  const [crt, key] = [`${folder.path}/c.pem`, `${folder.path}/k.pem`];
  writeSelfSigned(["localhost"], crt, key);
  const files = `certificate-file: ${crt}, key-file: ${key}`;
  return await TestProxy.start(`num-threads: ${workers}
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
      `A session of an open port is none of one that asks for certificates (${workers}, ${version})`,
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
  }
}
