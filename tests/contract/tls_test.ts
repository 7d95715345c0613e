/**
 * TLS as peers see it: names, versions, trust, resumption and handshakes that fail. Over every
 * backend.
 */
import { assert, assertEquals, assertMatch, assertStringIncludes, assertThrows } from "@std/assert";
import { StartError } from "../../mod/base/errors.ts";
import { ClientContext, type ClientContextOptions } from "../../mod/tls/client_context.ts";
import { missingGroups, useGroups } from "../../mod/tls/groups.ts";
import { ServerContext, type ServerContextOptions } from "../../mod/tls/server_context.ts";
import { latin1, RawConnection, tcp } from "../support/raw_socket.ts";
import { contractTest, type Recorder, type Rig } from "./harness.ts";
import { certificateFor, TlsEnds } from "./tls_ends.ts";

const own = certificateFor("localhost", "127.0.0.1");
const identity = { certificates: [own] };
const trusting: ClientContextOptions = { caFile: own.certificateFile };

/** A listener and ways to connect to it. */
class Scene {
  readonly ends: TlsEnds;
  readonly address;

  constructor(
    readonly rig: Rig,
    server: Partial<ServerContextOptions> = {},
    client: ClientContextOptions = trusting,
    handshakeTimeoutMs = 10_000,
  ) {
    const context = new ServerContext({ identities: [identity], ...server });
    this.ends = new TlsEnds(rig.reactor, context, new ClientContext(client));
    this.address = rig.listen(
      tcp(0),
      {},
      this.ends.accepting((socket) => {
        const recorder = rig.recorder();
        recorder.socket = socket;
        recorder.onBytes = (bytes, start, end) => void socket.write(bytes, start, end);
        return recorder;
      }, handshakeTimeoutMs),
    ).address;
  }

  /** Connects and echoes a word; returns the TLS version, or why the handshake failed. */
  async visit(serverName = "localhost"): Promise<string> {
    const client: Recorder = this.rig.recorder();
    const secure = this.ends.connect(this.address, client, { serverName });
    client.socket = secure;
    const failure = () => client.error && `${client.error.code} ${client.error.message}`;
    await client.until((c) => c.openCount + c.closeCount > 0);
    if (client.closeCount > 0) return failure()!;
    client.send("ping");
    await client.until((c) => c.text === "ping" || c.closeCount > 0);
    if (client.closeCount > 0) return failure()!;
    const { version, resumed } = secure.tlsFacts();
    secure.close();
    return `${version}${resumed ? " resumed" : ""}`;
  }

  [Symbol.dispose](): void {
    this.ends.close();
  }
}

contractTest("a trusted certificate for the name is accepted", async (rig) => {
  using scene = new Scene(rig);
  assertEquals(await scene.visit(), "TLSv1.3");
  assertEquals(await scene.visit("127.0.0.1"), "TLSv1.3", "an IP literal in the certificate");
});

contractTest(
  "a session resumes, also with another worker that has the ticket keys",
  async (rig) => {
    const ticketKeys = crypto.getRandomValues(new Uint8Array(80));
    using scene = new Scene(rig);
    scene.ends.server.useTicketKeys(ticketKeys);
    assertEquals(await scene.visit(), "TLSv1.3");
    assertEquals(await scene.visit(), "TLSv1.3 resumed");
    using other = new Scene(rig);
    other.ends.server.useTicketKeys(ticketKeys);
    const sameClient = new TlsEnds(rig.reactor, other.ends.server, scene.ends.client);
    Object.assign(other, { ends: sameClient });
    assertEquals(await other.visit(), "TLSv1.3 resumed");
  },
);

contractTest("the groups of the key exchange are those that the server allows", async (rig) => {
  const groups = ["X25519MLKEM768", "X448"];
  using scene = new Scene(rig, { groups });
  assertEquals(await scene.visit(), "TLSv1.3", "what the library lacks is left out");
  assertEquals(missingGroups(["X25519", "P-256", "no such group"]), ["no such group"]);
  const other = () => new ServerContext({ identities: [identity], groups: ["no such group"] });
  assertThrows(other, StartError, "has none of no such group");
});

contractTest(
  "without a list of groups every curve is allowed, and no finite field",
  async (rig) => {
    using scene = new Scene(rig);
    const { client } = scene.ends;
    const rows = [["X25519", true], ["P-256", true], ["P-384", true], ["X448", true], [
      "ffdhe2048",
      false,
    ]] as const;
    for (const [group, isAllowed] of rows) {
      useGroups(client.pointer, [group]);
      const seen = await scene.visit();
      assertEquals(seen.startsWith("TLSv1.3"), isAllowed, `${group}: ${seen}`);
    }
  },
);

const refusals: readonly [
  name: string,
  server: Partial<ServerContextOptions>,
  client: ClientContextOptions,
  serverName: string,
  reason: RegExp,
][] = [
  ["another name", {}, trusting, "example.com", /^ETLS .*(hostname|name) mismatch/i],
  ["an unknown issuer", {}, {}, "localhost", /^ETLS .*self.signed/i],
  [
    "no common version",
    { maximumVersion: "TLSv1.2" },
    { ...trusting, minimumVersion: "TLSv1.3" },
    "localhost",
    /^ETLS .*version/i,
  ],
];
for (const [name, server, client, serverName, reason] of refusals) {
  contractTest(`a handshake is refused: ${name}`, async (rig) => {
    using scene = new Scene(rig, server, client);
    assertMatch(await scene.visit(serverName), reason);
  });
}

contractTest("without verification any certificate is accepted", async (rig) => {
  using scene = new Scene(rig, {}, { verify: false });
  assertEquals(await scene.visit("example.com"), "TLSv1.3");
});

contractTest("the certificate follows the name: exact, wildcard, default", async (rig) => {
  const a = certificateFor("a.example.com");
  const wild = certificateFor("*.example.com");
  using scene = new Scene(rig, {
    identities: [
      identity,
      { certificates: [a], names: ["a.example.com"] },
      { certificates: [wild], names: ["*.example.com"] },
    ],
  });
  const trust = async (files: typeof own, name: string) => {
    const client = new ClientContext({ caFile: files.certificateFile });
    Object.assign(scene, { ends: new TlsEnds(rig.reactor, scene.ends.server, client) });
    return await scene.visit(name);
  };
  assertEquals(await trust(a, "a.example.com"), "TLSv1.3");
  assertEquals(await trust(wild, "B.example.com"), "TLSv1.3");
  assertMatch(await trust(wild, "b.c.example.com"), /^ETLS/);
  assertEquals(await trust(own, "localhost"), "TLSv1.3");
});

contractTest("mutual TLS admits clients with a certificate of the right issuer", async (rig) => {
  const person = certificateFor("person");
  const server = { clientCaFile: person.certificateFile };
  using stranger = new Scene(rig, server);
  assertMatch(await stranger.visit(), /^E(TLS|CONNRESET|PIPE)/);
  using known = new Scene(rig, server, { ...trusting, ...person });
  assertEquals(await known.visit(), "TLSv1.3");
  using impostor = new Scene(rig, server, { ...trusting, ...certificateFor("person") });
  assertMatch(await impostor.visit(), /^E(TLS|CONNRESET|PIPE)/);
});

contractTest("plain HTTP on a TLS port gets an explanation", async (rig) => {
  using scene = new Scene(rig);
  using client = await RawConnection.open(scene.address);
  await client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  const text = latin1(await client.readAll());
  assertMatch(text, /^HTTP\/1\.1 400 Bad Request\r\n[^]*https:\/\/\n$/);
  assertEquals(Number(/Content-Length: (\d+)/.exec(text)![1]), text.split("\r\n\r\n")[1].length);
  assertEquals(scene.ends.failures, ["plain HTTP on a TLS port"]);
});

contractTest("garbage, silence and an early end close the connection", async (rig) => {
  using scene = new Scene(rig, {}, trusting, 300);
  using garbage = await RawConnection.open(scene.address);
  await garbage.send(crypto.getRandomValues(new Uint8Array(600)).fill(0, 0, 1));
  assert(await garbage.waitForClose(5_000));
  using silent = await RawConnection.open(scene.address);
  assert(await silent.waitForClose(5_000));
  using early = await RawConnection.open(scene.address);
  await early.send(Uint8Array.of(22, 3, 1));
  await early.halfClose();
  assert(await early.waitForClose(5_000));
  assertEquals(scene.ends.failures.length, 3, scene.ends.failures.join("; "));
});

Deno.test("ServerContext errors name the path", () => {
  const other = certificateFor("other");
  const attempt = (certificateFile: string, keyFile: string) =>
    assertThrows(
      () => new ServerContext({ identities: [{ certificates: [{ certificateFile, keyFile }] }] }),
      StartError,
    )
      .message;
  assertStringIncludes(attempt("/no/such.crt", own.keyFile), "/no/such.crt: cannot read");
  assertMatch(attempt(own.certificateFile, other.keyFile), /\.key: .*does not belong|not belong/);
  assertMatch(attempt(own.keyFile, own.keyFile), /\.key: no usable certificate/);
  const bad = () => new ServerContext({ identities: [identity], minimumVersion: "SSLv3" });
  assertStringIncludes(assertThrows(bad, StartError).message, "allowed are TLSv1, TLSv1.1");
});
