/** Certificates on the control page and in its JSON: of a CA, of the supervisor, and of files. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { writeSelfSigned } from "../../../mod/tls/self_signed.ts";
import { opensslFault } from "../../../mod/tls/openssl_fault.ts";
import { startHayate } from "../../support/binary.ts";
import { Browser } from "../../support/browser.ts";
import { peerTest } from "../../support/peers.ts";
import { freePort, tempFolder } from "../../support/ports.ts";
import { TestProxy } from "../../support/proxy.ts";

// Loads the library now: a test that loads it would be blamed for not unloading it.
opensslFault();

interface Certificate {
  readonly names: readonly string[];
  readonly issuer: string | null;
  readonly selfSigned: boolean;
  readonly notAfter: string | null;
  readonly daysLeft: number | null;
  readonly nextOrder: string | null;
  readonly lastError: string;
}

async function certificatesAt(port: number): Promise<readonly Certificate[]> {
  const answer = await fetch(`http://127.0.0.1:${port}/hayate/status.json`, {
    headers: { Authorization: "Bearer secret" },
  });
  return (await answer.json()).certificates;
}

/** A proxy with a name of a CA that refuses connections, and a host with files. */
async function start(workers: number): Promise<{ proxy: TestProxy; control: number }> {
  const folder = await tempFolder();
  const pair = [`${folder.path}/c.crt`, `${folder.path}/c.key`] as const;
  writeSelfSigned(["c.example", "www.c.example"], ...pair);
  const [control, http, tls] = [freePort(), freePort(), freePort()];
  const proxy = await TestProxy.start(`acme:
  accept-tos: YES
  directory: "http://127.0.0.1:1/dir"
  state: DIR/acme
  http-port: ${http}
num-threads: ${workers}
control: {listen: "127.0.0.1:${control}", token: secret}
listen:
  - {port: PORT, host: 127.0.0.1}
  - {port: ${http}, host: 127.0.0.1}
  - {port: ${tls}, host: 127.0.0.1, ssl: {}}
hosts:
  a.example: {paths: {/: {status: ON}}}
  c.example:
    listen: {port: ${freePort()}, host: 127.0.0.1, ssl: {certificate-file: "${
    pair[0]
  }", key-file: "${pair[1]}"}}
    paths: {/: {status: ON}}
`);
  await proxy.child.waitForLine("next attempt");
  await folder[Symbol.asyncDispose]();
  return { proxy, control };
}

for (const workers of [1, 2]) {
  Deno.test(`status.json lists certificates, num-threads ${workers}`, async () => {
    const { proxy, control } = await start(workers);
    await using _ = proxy;
    const [managed, file] = await certificatesAt(control);
    assertEquals(managed.names, ["a.example"]);
    assertEquals([managed.selfSigned, managed.issuer], [true, "a.example"]);
    assert(managed.daysLeft! > 0, String(managed.daysLeft));
    assert(Date.parse(managed.nextOrder!) > Date.now(), String(managed.nextOrder));
    assertMatch(managed.lastError, /refused/);
    // The file has been removed since it was loaded.
    assertEquals([file.issuer, file.daysLeft, file.nextOrder], [null, null, null]);
    assertMatch(file.names[0], /\/c\.crt$/);
  });
}

/** What a proxy under `supervise` lists. */
async function supervisedWith(more: Record<string, string>): Promise<readonly Certificate[]> {
  await using folder = await tempFolder();
  const [control, http, tls] = [freePort(), freePort(), freePort()];
  const config = await folder.write(
    "h2o.conf",
    `control: {listen: "127.0.0.1:${control}", token: secret}
hosts: {default: {paths: {/: {status: ON}}}}
`,
  );
  await using supervisor = startHayate(["supervise", "proxy", "-c", config], {
    env: {
      PORTS: `127.0.0.1:${http} 127.0.0.1:${tls}/tls`,
      ACME_STATE: `${folder.path}/acme`,
      ...more,
    },
  });
  await supervisor.waitForSocket({ kind: "tcp", host: "127.0.0.1", port: control });
  return await certificatesAt(control);
}

Deno.test("status.json lists the pair that the supervisor has made", async () => {
  const certificates = await supervisedWith({});
  assertEquals(certificates.length, 1);
  const [{ names, selfSigned, daysLeft, nextOrder, lastError }] = certificates;
  assert(names.includes("localhost"), names.join());
  assertEquals([selfSigned, daysLeft, nextOrder, lastError], [true, 396, null, ""]);
});

Deno.test("status.json lists the names of TLS_DOMAIN", async () => {
  const certificates = await supervisedWith({
    TLS_DOMAIN: "a.example b.example",
    ACME_DIRECTORY: "http://127.0.0.1:1/dir",
  });
  assertEquals(certificates.map(({ names }) => names), [["a.example"], ["b.example"]]);
  for (const { selfSigned, nextOrder } of certificates) {
    assertEquals([selfSigned, nextOrder === null], [true, false]);
  }
});

peerTest(
  "chromium",
  "The page shows certificates, and fits a phone with a long error",
  async () => {
    const { proxy, control } = await start(1);
    await using _ = proxy;
    await using browser = await Browser.open();
    await browser.logIn("anybody", "secret");
    const url = `http://127.0.0.1:${control}/hayate/`;
    for (const width of [1200, 360]) {
      await browser.show(url, { width, height: 900, scheme: "light" });
      await browser.waitFor("document.body.dataset.looks >= 1");
      const rows = '[...document.querySelectorAll("#certificates tbody tr")]';
      const [managed, file] = await browser.value<string[][]>(
        `${rows}.map((row) => [...row.children].map((cell) => cell.textContent))`,
      );
      assertEquals(managed.slice(0, 2), ["a.example", "self-signed"]);
      assertMatch(managed[2], /^\d+$/);
      assertMatch(managed[3], /^in \d+ s$/);
      assertMatch(managed[4], /refused/);
      assertEquals(file.slice(1), ["unreadable", "–", "–", "–"]);
      const isWide = "document.documentElement.scrollWidth > document.documentElement.clientWidth";
      assertEquals(await browser.value<boolean>(isWide), false, `at a width of ${width}`);
    }
  },
);
