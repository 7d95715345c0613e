import { assertEquals, assertRejects } from "@std/assert";
import { openMessageSender } from "../../../mod/net/message_sender.ts";

const bytes = new TextEncoder().encode("<13>1 hello");

Deno.test("openMessageSender() sends datagrams over UDP", async () => {
  const receiver = Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port: 0 });
  const sender = openMessageSender("udp", `127.0.0.1:${(receiver.addr as Deno.NetAddr).port}`);
  await sender.send(bytes);
  assertEquals((await receiver.receive())[0], bytes);
  assertEquals(sender.datagram, true);
  sender.close();
  receiver.close();
});

Deno.test("openMessageSender() detects a unix datagram socket", async () => {
  const folder = await Deno.makeTempDir();
  const path = `${folder}/log`;
  const receiver = Deno.listenDatagram({ transport: "unixpacket", path });
  const sender = openMessageSender("unix", path);
  await sender.send(bytes);
  assertEquals((await receiver.receive())[0], bytes);
  sender.close();
  receiver.close();
  await Deno.remove(folder, { recursive: true });
});

async function receive(listener: Deno.Listener): Promise<Uint8Array> {
  const connection = await listener.accept();
  const into = new Uint8Array(100);
  const count = await connection.read(into);
  connection.close();
  return into.subarray(0, count ?? 0);
}

Deno.test("openMessageSender() sends over a unix stream", async () => {
  const folder = await Deno.makeTempDir();
  const listener = Deno.listen({ transport: "unix", path: `${folder}/log` });
  const sender = openMessageSender("unix", `${folder}/log`);
  const [received] = await Promise.all([receive(listener), sender.send(bytes)]);
  assertEquals([received, sender.datagram], [bytes, false]);
  sender.close();
  listener.close();
  await Deno.remove(folder, { recursive: true });
});

Deno.test("openMessageSender() over TCP rejects without a listener and works once there is one", async () => {
  const first = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = first.addr as Deno.NetAddr;
  first.close();
  const sender = openMessageSender("tcp", `127.0.0.1:${port}`);
  await assertRejects(() => sender.send(bytes));
  const listener = Deno.listen({ hostname: "127.0.0.1", port });
  const [received] = await Promise.all([receive(listener), sender.send(bytes)]);
  assertEquals(received, bytes);
  sender.close();
  listener.close();
});
