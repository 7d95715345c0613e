import { assertEquals } from "@std/assert";
import { PeerError } from "../../../../mod/base/errors.ts";
import { DnsClient } from "../../../../mod/net/dns/dns_client.ts";
import { dnsDefaults } from "../../../../mod/net/dns/host_files.ts";
import { RecordType } from "../../../../mod/net/dns/message.ts";
import { dnsSockets } from "../../../../mod/net/dns/dns_sockets.ts";
import { DnsTestServer } from "../../../support/dns_server.ts";

function settingsOf(port: number) {
  return { ...dnsDefaults, servers: [{ host: "127.0.0.1", port }], timeoutMs: 2000, attempts: 1 };
}

Deno.test("dnsSockets queries by datagram, and over TCP after a truncated response", async () => {
  await using server = new DnsTestServer("app.example 30 A 10.0.0.1");
  const client = new DnsClient(dnsSockets);
  for (const truncates of [false, true]) {
    server.truncates = truncates;
    const found = await client.query("app.example", RecordType.a, settingsOf(server.port));
    if (!("records" in found)) throw new Error(found.error.message);
    assertEquals(found.ttlSeconds, 30);
  }
  const asked = ["app.example A udp", "app.example A udp", "app.example A tcp"];
  assertEquals(server.queries, asked);
});

Deno.test("dnsSockets gives up on a silent server", async () => {
  await using server = new DnsTestServer();
  server.answers = false;
  const settings = { ...settingsOf(server.port), timeoutMs: 50 };
  const found = await new DnsClient(dnsSockets).query("app.example", RecordType.a, settings);
  if (!("error" in found)) throw new Error("an answer came");
  assertEquals([found.error.code, found.isDefinite], ["ETIMEDOUT", false]);
  assertEquals(found.error.message, `no response from 127.0.0.1:${server.port}`);
});

Deno.test("dnsSockets ignores datagrams from other senders", async () => {
  const server = Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port: 0 });
  const stranger = Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port: 0 });
  const { port } = server.addr as Deno.NetAddr;
  const asking = dnsSockets.datagram(
    { host: "127.0.0.1", port },
    Uint8Array.of(1),
    2000,
    () => true,
  );
  const [, from] = await server.receive();
  await stranger.send(Uint8Array.of(66), from);
  await server.send(Uint8Array.of(7), from);
  const answer = await asking;
  server.close();
  stranger.close();
  assertEquals(answer, Uint8Array.of(7));
});

Deno.test("dnsSockets.stream() distinguishes a refusal from an early end", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const server = { host: "127.0.0.1", port: listener.addr.port };
  const asking = dnsSockets.stream(server, Uint8Array.of(1), 2000);
  const conn = await listener.accept();
  await conn.read(new Uint8Array(16));
  conn.close();
  const answer = await asking;
  assertEquals(answer instanceof PeerError && answer.code, "EEOF");
});
