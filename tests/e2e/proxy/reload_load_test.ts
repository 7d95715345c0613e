/** HUP every second to a proxy without a supervisor: no request of a load over TCP, unix and TLS fails. */
// Runs alone: it needs full load.
import { assert, assertEquals } from "@std/assert";
import { libssl } from "../../../mod/sys/libssl.ts";
import { writeSelfSigned } from "../../../mod/tls/self_signed.ts";
import { binaryPath, Child, sleep, startListening } from "../../support/binary.ts";
import { peerPath, peerTest } from "../../support/peers.ts";
import { freePort, type TempFolder, tempFolder } from "../../support/ports.ts";
import { tcp } from "../../support/raw_socket.ts";
import { TestProxy } from "../../support/proxy.ts";

// Loaded here, so that libraries that stay open do not count as a leak of a single test.
libssl();

const durationS = 5;
const inForce = "the new configuration is in force";

/** Where the proxy listens, besides its first port. */
interface Doors {
  readonly tlsPort: number;
  readonly path: string;
}

/** Starts one load generator per listener; each one prints wrk's layout. */
type StartClients = (proxy: TestProxy, doors: Doors) => Child[];

async function hupUnderLoad(workers: number, startClients: StartClients): Promise<void> {
  await using folder = await tempFolder();
  const upstreamPort = freePort();
  await using _upstream = await startListening(
    ["serve", "-q", "--host", "127.0.0.1", "--port", `${upstreamPort}`, "--text", "hello"],
    tcp(upstreamPort),
  );
  const doors = { tlsPort: freePort(), path: `${folder.path}/p.sock` };
  await using proxy = await startProxy(workers, upstreamPort, doors, folder);
  await using clients = new AsyncDisposableStack();
  const started = startClients(proxy, doors).map((client) => clients.use(client));
  let reloads = 0;
  for (let second = 1; second < durationS; second++) {
    await sleep(1000);
    proxy.child.kill("SIGHUP");
    reloads++;
    await proxy.child.waitUntil("the reload", () => {
      return proxy.child.stderr.split(inForce).length > reloads || null;
    });
  }
  for (const client of started) {
    const { code, stdout, stderr } = await client.result();
    const report = `${stdout}\n${stderr}`;
    assertEquals(code, 0, report);
    assertEquals(
      stdout.match(/^.*(Socket errors|Non-2xx|errors?:|Failed).*$/gim) ?? [],
      [],
      report,
    );
    const requests = Number(stdout.match(/(\d+) requests in/)?.[1] ?? 0);
    assert(requests > 100, `expected many requests, found ${requests}:\n${report}`);
  }
}

async function startProxy(
  workers: number,
  upstreamPort: number,
  { tlsPort, path }: Doors,
  folder: TempFolder,
): Promise<TestProxy> {
  const [crt, key] = [`${folder.path}/c.pem`, `${folder.path}/k.pem`];
  writeSelfSigned(["localhost"], crt, key);
  return await TestProxy.start(
    `num-threads: ${workers}
listen: {port: PORT, host: 127.0.0.1}
listen: {port: ${tlsPort}, host: 127.0.0.1, ssl: {certificate-file: ${crt}, key-file: ${key}}}
listen: {port: ${path}, type: unix}
upstreams:
  app:
    servers: "127.0.0.1:${upstreamPort}"
    check: interval=500 rise=1 fall=3 timeout=1000 type=tcp default_down=true
hosts: {default: {paths: {/: {proxy.reverse.url: http://app/}}}}
`,
    { waitTimeoutMs: 20_000 },
  );
}

const portOf = (proxy: TestProxy) => proxy.address.kind === "tcp" ? proxy.address.port : 0;

for (const workers of [1, 2]) {
  Deno.test(`HUP every second loses no request of hayate load (num-threads ${workers})`, async () => {
    await hupUnderLoad(workers, (proxy, { tlsPort, path }) => {
      const count = ["load", "-c", "10", "-d", `${durationS}`];
      return [
        new Child(binaryPath, [...count, `http://127.0.0.1:${portOf(proxy)}/`]),
        new Child(binaryPath, [...count, "-P", path, "http://localhost/"]),
        new Child(binaryPath, [...count, "-k", `https://127.0.0.1:${tlsPort}/`]),
      ];
    });
  });

  peerTest("wrk", `HUP each second loses no request of wrk (num-threads ${workers})`, async () => {
    await hupUnderLoad(workers, (proxy, { tlsPort }) => {
      const count = ["-t", "1", "-c", "10", "-d", `${durationS}`];
      return [
        new Child(peerPath("wrk"), [...count, `http://127.0.0.1:${portOf(proxy)}/`]),
        new Child(peerPath("wrk"), [...count, `https://127.0.0.1:${tlsPort}/`]),
      ];
    });
  });
}
