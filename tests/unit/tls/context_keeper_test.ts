/** Certificate files that change while a listener uses them. */
import { assertEquals, assertMatch, assertNotStrictEquals, assertStrictEquals } from "@std/assert";
import { libssl } from "../../../mod/sys/libssl.ts";
import { AlpnSelector } from "../../../mod/tls/alpn.ts";
import { ContextKeeper } from "../../../mod/tls/context_keeper.ts";
import { writeSelfSigned } from "../../../mod/tls/self_signed.ts";
import { tempFolder } from "../../support/ports.ts";

// Loaded here, so that libraries that stay open do not count as a leak of a single test.
libssl();
AlpnSelector.shared(true);

/** A host whose timers fire when the test says so. */
class FakeHost {
  readonly lines: string[] = [];
  readonly timers = new Map<number, { delayMs: number; callback: () => void }>();
  nowSeconds = 1_800_000_000;
  #next = 1;

  setTimer(delayMs: number, callback: () => void): number {
    this.timers.set(this.#next, { delayMs, callback });
    return this.#next++;
  }

  clearTimer(handle: number): void {
    this.timers.delete(handle);
  }

  nowEpochSeconds(): number {
    return this.nowSeconds;
  }

  report(line: string): void {
    this.lines.push(line);
  }

  /** Lets one interval pass: the shortest timer is that of the check. */
  check(): string[] {
    const [handle, { callback }] = [...this.timers].sort((a, b) => a[1].delayMs - b[1].delayMs)[0];
    this.timers.delete(handle);
    callback();
    return this.lines.splice(0);
  }

  /** Lets all other timers pass: replaced contexts are freed. */
  end(keeper: ContextKeeper): void {
    keeper.close();
    for (const { callback } of this.timers.values()) callback();
  }
}

interface Kept {
  readonly folder: string;
  readonly host: FakeHost;
  readonly keeper: ContextKeeper;
}

/** Runs `body` with a keeper of `folder`/tls.crt and tls.key, which `prepare` has made. */
async function withKeeper(
  prepare: (folder: string) => void,
  body: (kept: Kept) => void | Promise<void>,
  seed: string | null = "ab".repeat(32),
): Promise<void> {
  await using folder = await tempFolder();
  prepare(folder.path);
  const host = new FakeHost();
  const files = {
    certificateFile: `${folder.path}/tls.crt`,
    keyFile: `${folder.path}/tls.key`,
  };
  const keeper = new ContextKeeper({ identities: [{ certificates: [files] }] }, seed, host);
  await body({ folder: folder.path, host, keeper });
  host.end(keeper);
}

function writePair(folder: string, name = "tls"): void {
  writeSelfSigned(["localhost"], `${folder}/${name}.crt`, `${folder}/${name}.key`);
}

/** What kubelet makes of a Secret: files that link into `..data`, which links to a dated folder. */
function writeSecret(folder: string, version: string): void {
  Deno.mkdirSync(`${folder}/..${version}`);
  writePair(`${folder}/..${version}`);
  Deno.symlinkSync(`..${version}`, `${folder}/..data_tmp`);
  Deno.renameSync(`${folder}/..data_tmp`, `${folder}/..data`);
}

Deno.test("A pair that is renamed into place is used, and unchanged files are not read again", async () => {
  await withKeeper(writePair, ({ folder, host, keeper }) => {
    const before = keeper.pointer;
    assertEquals(host.check(), []);
    assertStrictEquals(keeper.pointer, before);
    writePair(folder);
    assertMatch(host.check().join(), /^certificates reloaded: .*tls\.crt, .*tls\.key$/);
    assertNotStrictEquals(keeper.pointer, before);
    assertEquals(host.check(), []);
  });
});

Deno.test("The switch of a Kubernetes Secret's ..data is seen", async () => {
  const prepare = (folder: string) => {
    writeSecret(folder, "1");
    for (const name of ["tls.crt", "tls.key"]) {
      Deno.symlinkSync(`..data/${name}`, `${folder}/${name}`);
    }
  };
  await withKeeper(prepare, ({ folder, host, keeper }) => {
    const before = keeper.pointer;
    writeSecret(folder, "2");
    Deno.removeSync(`${folder}/..1`, { recursive: true });
    assertMatch(host.check().join(), /^certificates reloaded/);
    assertNotStrictEquals(keeper.pointer, before);
  });
});

const breaks: readonly [what: string, change: (folder: string) => void, reason: RegExp][] = [
  ["a damaged certificate", (at) => Deno.writeTextFileSync(`${at}/tls.crt`, "x"), /no PEM block/],
  ["an empty key", (at) => Deno.writeTextFileSync(`${at}/tls.key`, ""), /no usable key/],
  ["a missing key", (at) => Deno.removeSync(`${at}/tls.key`), /no such file/],
  ["a certificate of another key", (at) => {
    writePair(at, "other");
    Deno.renameSync(`${at}/other.crt`, `${at}/tls.crt`);
  }, /does not belong to the certificate/],
];

for (const [what, change, reason] of breaks) {
  Deno.test(`With ${what} the old pair stays in use, and one line says why`, async () => {
    await withKeeper(writePair, ({ folder, host, keeper }) => {
      const before = keeper.pointer;
      change(folder);
      const lines = host.check();
      assertEquals(lines.length, 1);
      assertMatch(lines[0], /^still using the old certificate: /);
      assertMatch(lines[0], reason);
      assertEquals(host.check(), []);
      assertStrictEquals(keeper.pointer, before);
      writePair(folder);
      assertMatch(host.check().join(), /^certificates reloaded/);
    });
  });
}

Deno.test("Ticket keys rotate without reading the files, which may be broken then", async () => {
  await withKeeper(writePair, ({ folder, host, keeper }) => {
    const before = keeper.pointer;
    Deno.writeTextFileSync(`${folder}/tls.crt`, "x");
    assertEquals(host.check().length, 1);
    host.nowSeconds += 13 * 3600;
    assertEquals(host.check(), []);
    assertStrictEquals(keeper.pointer, before);
  });
});
