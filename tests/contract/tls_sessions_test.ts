/** Sessions of TLS clients, resumed over every backend: with keys of a file, in a cache, or not. */
import { assertEquals } from "@std/assert";
import { ClientContext } from "../../mod/tls/client_context.ts";
import type { KeeperHost } from "../../mod/tls/context_keeper.ts";
import { ServerContext } from "../../mod/tls/server_context.ts";
import { type SessionPlan, sessionsDefault } from "../../mod/tls/sessions/session_rules.ts";
import { TicketRing } from "../../mod/tls/sessions/ticket_ring.ts";
import { sleep } from "../support/child.ts";
import { type TempFolder, tempFolder } from "../support/ports.ts";
import { tcp } from "../support/raw_socket.ts";
import { ticketKeyText } from "../support/ticket_keys.ts";
import { contractTest, type Rig } from "./harness.ts";
import { certificateFor, TlsEnds } from "./tls_ends.ts";

const own = certificateFor("localhost");
const versions = ["TLSv1.2", "TLSv1.3"] as const;

/** A host whose timers fire when the test says so. */
class FakeHost implements KeeperHost {
  readonly lines: string[] = [];
  #callback: (() => void) | null = null;
  nowSeconds = Math.floor(Date.now() / 1000);

  setTimer(_delayMs: number, callback: () => void): number {
    this.#callback = callback;
    return 1;
  }

  clearTimer(): void {}

  nowEpochSeconds(): number {
    return this.nowSeconds;
  }

  report(line: string): void {
    this.lines.push(line);
  }

  /** Lets one interval pass. */
  check(): string[] {
    this.#callback?.();
    return this.lines.splice(0);
  }
}

/** A server, as of one host. */
class Server {
  readonly context: ServerContext;
  readonly host = new FakeHost();
  readonly ring: TicketRing | null;

  constructor(plan: Partial<SessionPlan>, version: string) {
    const full = { ...sessionsDefault, ...plan };
    this.ring = full.ticketFile === null ? null : new TicketRing(full.ticketFile, this.host);
    this.context = new ServerContext(
      { identities: [{ certificates: [own] }], maximumVersion: version },
      { plan: full, ring: this.ring },
    );
  }

  [Symbol.dispose](): void {
    this.context.free();
    this.ring?.close();
  }
}

/** Connects to `server` and closes; returns whether the session was resumed. */
async function visit(rig: Rig, server: Server, client: ClientContext): Promise<boolean> {
  const ends = new TlsEnds(rig.reactor, server.context, client);
  const accept = ends.accepting((socket) => {
    const recorder = rig.recorder();
    recorder.socket = socket;
    recorder.onBytes = (bytes, start, end) => void socket.write(bytes, start, end);
    return recorder;
  });
  const { address } = rig.listen(tcp(0), {}, accept);
  const recorder = rig.recorder();
  const secure = ends.connect(address, recorder);
  recorder.socket = secure;
  await recorder.until((each) => each.openCount > 0);
  recorder.send("ping");
  // TLS 1.3 sends its tickets after the handshake.
  await recorder.until((each) => each.text === "ping");
  const { resumed } = secure.tlsFacts();
  secure.close();
  return resumed;
}

/** Connects, sends nothing for `idleMs`, and closes; returns whether the session was resumed. */
async function visitSilently(
  rig: Rig,
  server: Server,
  client: ClientContext,
  idleMs: number,
): Promise<boolean> {
  const ends = new TlsEnds(rig.reactor, server.context, client);
  const { address } = rig.listen(tcp(0), {}, ends.accepting(() => rig.recorder()));
  const recorder = rig.recorder();
  const secure = ends.connect(address, recorder);
  recorder.socket = secure;
  await recorder.until((each) => each.openCount > 0);
  await sleep(idleMs);
  const { resumed } = secure.tlsFacts();
  secure.close();
  return resumed;
}

const newClient = () => new ClientContext({ caFile: own.certificateFile });

async function writeKeys(folder: TempFolder, ...keys: string[]): Promise<string> {
  const file = await folder.write("next.yaml", keys.join(""));
  await Deno.rename(file, `${folder.path}/tickets.yaml`);
  return `${folder.path}/tickets.yaml`;
}

contractTest("a client that sends nothing gets a ticket, too", async (rig) => {
  using server = new Server({}, "TLSv1.3");
  const client = newClient();
  assertEquals(await visitSilently(rig, server, client, 10), false);
  // The kernel holds it back for 200 ms, in case a response follows.
  let isResumed = false;
  for (let idleMs = 300; idleMs < 10_000 && !isResumed; idleMs *= 2) {
    isResumed = await visitSilently(rig, server, client, idleMs);
  }
  assertEquals(isResumed, true);
});

for (const version of versions) {
  contractTest(
    `hosts with the same ticket file resume each other's sessions (${version})`,
    async (rig) => {
      await using folder = await tempFolder();
      const ticketFile = await writeKeys(folder, ticketKeyText());
      using one = new Server({ ticketFile }, version);
      using other = new Server({ ticketFile, cache: false }, version);
      using stranger = new Server({}, version);
      const client = newClient();
      assertEquals(await visit(rig, one, client), false);
      assertEquals(await visit(rig, other, client), true);
      assertEquals(await visit(rig, one, client), true);
      assertEquals(await visit(rig, stranger, client), false);
    },
  );

  contractTest(
    `a rotated ticket file keeps the sessions of its older keys (${version})`,
    async (rig) => {
      await using folder = await tempFolder();
      const start = Math.floor(Date.now() / 1000);
      const [old, next] = [
        ticketKeyText({ notBefore: start - 1000, notAfter: start + 3600 }),
        ticketKeyText({
          notBefore: start - 10,
          notAfter: start + 3600,
          hash: "SHA384",
          key: "7a".repeat(32 + 128),
        }),
      ];
      const ticketFile = await writeKeys(folder, old);
      using server = new Server({ ticketFile }, version);
      const client = newClient();
      assertEquals(await visit(rig, server, client), false);
      await writeKeys(folder, old, next);
      assertEquals(server.host.check(), [`session ticket keys reloaded: ${ticketFile}`]);
      assertEquals(await visit(rig, server, client), true);
      await writeKeys(folder, next);
      server.host.check();
      assertEquals(await visit(rig, server, client), true, "the ticket was renewed");
      await writeKeys(folder, ticketKeyText());
      server.host.check();
      assertEquals(await visit(rig, server, client), false);
    },
  );

  contractTest(
    `a broken ticket file changes nothing, keys end at not_after (${version})`,
    async (rig) => {
      await using folder = await tempFolder();
      const ticketFile = await writeKeys(folder, ticketKeyText());
      using server = new Server({ ticketFile, cache: false }, version);
      const client = newClient();
      assertEquals(await visit(rig, server, client), false);
      await writeKeys(folder, "- {name: x}\n");
      assertEquals(server.host.check().length, 1);
      assertEquals(server.host.check(), []);
      assertEquals(await visit(rig, server, client), true);
      server.host.nowSeconds += 4000;
      assertEquals(server.host.check().length, 1);
      assertEquals(server.host.check(), []);
      for (let i = 0; i < 2; i++) assertEquals(await visit(rig, server, client), false);
    },
  );

  contractTest(
    `without tickets sessions resume from the cache of the process (${version})`,
    async (rig) => {
      using server = new Server({ tickets: false }, version);
      using other = new Server({ tickets: false }, version);
      const client = newClient();
      assertEquals(await visit(rig, server, client), false);
      assertEquals(await visit(rig, server, client), true);
      assertEquals(await visit(rig, other, client), false);
    },
  );

  contractTest(`without tickets and cache no session resumes (${version})`, async (rig) => {
    using server = new Server({ tickets: false, cache: false }, version);
    const client = newClient();
    for (let i = 0; i < 2; i++) assertEquals(await visit(rig, server, client), false);
  });
}
