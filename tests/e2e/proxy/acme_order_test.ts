/** What happens in the middle of an order, which a front of the CA holds there. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { acmeConfig } from "../../support/acme_config.ts";
import { AcmeFront, problem } from "../../support/acme_front.ts";
import { type Child, startHayate } from "../../support/binary.ts";
import { Pebble, type PebbleOptions, pebblePrograms } from "../../support/pebble.ts";
import { peerTest } from "../../support/peers.ts";
import { freePort, tempFolder } from "../../support/ports.ts";
import { TestProxy } from "../../support/proxy.ts";
import { certificateThat, servedCertificate } from "../../support/served_certificate.ts";

const programs = [...pebblePrograms, "openssl"];

/** A CA that is asked for no validation until `release`. */
class HeldCa implements AsyncDisposable {
  readonly #held = Promise.withResolvers<void>();
  readonly #stack = new AsyncDisposableStack();

  private constructor(readonly pebble: Pebble) {
    this.#stack.use(pebble);
  }

  front!: AcmeFront;

  /** `ports` are those that it validates. */
  static async start(ports: PebbleOptions): Promise<HeldCa> {
    const ca = new HeldCa(await Pebble.start(ports));
    ca.front = ca.#stack.use(
      await AcmeFront.start(ca.pebble, {
        answer: async ({ kind }) => {
          if (kind === "challenge") await ca.#held.promise;
          return null;
        },
      }),
    );
    return ca;
  }

  get server() {
    return { directory: this.front.directory, caFile: this.pebble.caFile };
  }

  get orderCount(): number {
    return this.front.payloadsOf("new order").length;
  }

  /** The answer to the challenge has been offered. */
  async untilHeld(): Promise<void> {
    for (let attempts = 0; attempts < 200; attempts++) {
      if (this.front.payloadsOf("challenge").length > 0) return;
      await sleep(100);
    }
    throw new Error("No order has begun");
  }

  release(): void {
    this.#held.resolve();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.release();
    await this.#stack.disposeAsync();
  }
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** As if the order under way had begun long ago: its lock alone keeps others away now. */
async function passTime(folder: string): Promise<void> {
  const file = `${folder}/acme/names/a.example.json`;
  const stored = JSON.parse(await Deno.readTextFile(file));
  await Deno.writeTextFile(file, JSON.stringify({ ...stored, retryAtMs: 0 }));
}

const fromCa = (certificate: string) => certificate.includes("Pebble");

for (const workers of [1, 2]) {
  peerTest(programs, `a HUP in the middle of an order does not end it (${workers})`, async () => {
    const [tls, http] = [freePort(), freePort()];
    await using ca = await HeldCa.start({ httpPort: http, tlsPort: tls });
    const config = acmeConfig(ca.server, { tls, http }, `num-threads: ${workers}`);
    await using proxy = await TestProxy.start(config);
    await ca.untilHeld();
    proxy.child.kill("SIGHUP");
    await proxy.child.waitForLine("the new configuration is in force");
    assert(!fromCa(await servedCertificate(tls, "a.example")));
    ca.release();
    await certificateThat(tls, "a.example", fromCa);
    assertEquals(ca.orderCount, 1);
    assert(!proxy.child.stderr.includes("next attempt"), proxy.child.stderr);
  });
}

peerTest(programs, "after kill -9 in an order every start waits, then one orders", async () => {
  const [tls, http] = [freePort(), freePort()];
  await using ca = await HeldCa.start({ httpPort: http, tlsPort: tls });
  await using proxy = await TestProxy.start(acmeConfig(ca.server, { tls, http }));
  await ca.untilHeld();
  proxy.child.kill("SIGKILL");
  await proxy.child.status;
  ca.release();
  const command = ["proxy", "-c", `${proxy.folder.path}/h2o.conf`];
  // A restart loop.
  for (let starts = 0; starts < 3; starts++) {
    await using again = startHayate(command);
    await again.waitForLine(`listening on 127.0.0.1:${tls}`);
    await sleep(700);
    assertEquals(ca.orderCount, 1);
  }
  await passTime(proxy.folder.path);
  await using again = startHayate(command);
  await again.waitForLine("certificate by Pebble");
  assertEquals(ca.orderCount, 2);
});

peerTest(programs, "a rate limit holds in a restart loop, and says so once a start", async () => {
  const [tls, http] = [freePort(), freePort()];
  await using pebble = await Pebble.start({ httpPort: http, tlsPort: tls });
  await using front = await AcmeFront.start(pebble, {
    answer: ({ kind }) =>
      kind === "new order"
        ? problem(429, "rateLimited", "too many certificates", { "Retry-After": "7200" })
        : null,
  });
  const server = { directory: front.directory, caFile: pebble.caFile };
  await using proxy = await TestProxy.start(acmeConfig(server, { tls, http }));
  await proxy.child.waitForLine(/rateLimited: too many certificates; .*next attempt in 7200 s/);
  const command = ["proxy", "-c", `${proxy.folder.path}/h2o.conf`];
  proxy.child.kill("SIGTERM");
  await proxy.child.status;
  const count = front.calls.length;
  for (let starts = 0; starts < 3; starts++) {
    await using again = startHayate(command);
    await again.waitForLine(`listening on 127.0.0.1:${tls}`);
    await sleep(700);
    assert(!again.stderr.includes("rateLimited"), again.stderr);
  }
  assertEquals(front.calls.length, count);
});

peerTest(
  programs,
  "two hosts that share the folder order once, and validate each other",
  async () => {
    const [tls, http, otherTls, otherHttp] = Array.from({ length: 4 }, freePort);
    // The CA asks the other host, which has not ordered.
    await using ca = await HeldCa.start({ httpPort: otherHttp, tlsPort: otherTls });
    await using first = await TestProxy.start(acmeConfig(ca.server, { tls, http }));
    await ca.untilHeld();
    await passTime(first.folder.path);
    const config = acmeConfig(ca.server, { tls: otherTls, http: otherHttp })
      .replaceAll("DIR", first.folder.path);
    await using second = await TestProxy.start(config);
    await sleep(1500);
    assertEquals(ca.orderCount, 1);
    ca.release();
    const shown = await certificateThat(tls, "a.example", fromCa);
    assertEquals(await certificateThat(otherTls, "a.example", fromCa), shown);
    assertEquals(ca.orderCount, 1);
    assert(!/next attempt/.test(first.child.stderr + second.child.stderr));
  },
);

/** The appliance of a.example; `folder` is shared. */
function startSupervisor(ca: HeldCa, folder: string, port: number): Child {
  return startHayate(["supervise", "proxy"], {
    env: {
      PORTS: `127.0.0.1:${port}/tls`,
      TLS_DOMAIN: "a.example",
      ACME_DIRECTORY: ca.front.directory,
      ACME_CA_FILE: ca.pebble.caFile,
      ACME_STATE: `${folder}/acme`,
    },
  });
}

peerTest(programs, "two supervisors that share the folder order once", async () => {
  await using folder = await tempFolder();
  const [port, other] = [freePort(), freePort()];
  await using ca = await HeldCa.start({ tlsPort: other });
  await using first = startSupervisor(ca, folder.path, port);
  await ca.untilHeld();
  await passTime(folder.path);
  await using second = startSupervisor(ca, folder.path, other);
  await second.waitForLine(/supervises/);
  await sleep(1500);
  assertEquals(ca.orderCount, 1);
  ca.release();
  const shown = await certificateThat(port, "a.example", fromCa);
  assertEquals(await certificateThat(other, "a.example", fromCa), shown);
  assertEquals(ca.orderCount, 1);
  assert(!/next attempt/.test(first.stderr + second.stderr));
});

peerTest(
  programs,
  "a HUP of the supervisor in the middle of an order does not end it",
  async () => {
    await using folder = await tempFolder();
    const port = freePort();
    await using ca = await HeldCa.start({ tlsPort: port });
    await using supervisor = startSupervisor(ca, folder.path, port);
    await ca.untilHeld();
    supervisor.kill("SIGHUP");
    await supervisor.waitForLine(/old worker \d+ died, status:0/);
    ca.release();
    await certificateThat(port, "a.example", fromCa);
    assertEquals(ca.orderCount, 1);
    assertMatch(supervisor.stderr, /acme: a\.example: certificate by Pebble/);
  },
);
