import { assert, assertEquals } from "@std/assert";
import { RawConnection, rawExchange, tcp } from "../../support/raw_socket.ts";

Deno.test("rawExchange() gives exactly the peer's bytes, up to its close", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const served = (async () => {
    using conn = await listener.accept();
    const buffer = new Uint8Array(16);
    const count = await conn.read(buffer);
    await conn.write(buffer.subarray(0, count!));
    await conn.write(new Uint8Array([0xff, 0x00]));
  })();
  assertEquals(await rawExchange(tcp(listener.addr.port), "ping"), "ping\xff\0");
  await served;
});

Deno.test("RawConnection reads up to a text, keeps the rest, and sees the close", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const served = (async () => {
    using conn = await listener.accept();
    await conn.write(new TextEncoder().encode("head\r\n\r\nbody"));
  })();
  using connection = await RawConnection.open(tcp(listener.addr.port));
  assertEquals(await connection.readUntil("\r\n\r\n"), "head\r\n\r\n");
  assertEquals(await connection.readBytes(4), "body");
  assert(await connection.waitForClose());
  await served;
});
