/** Contract: descriptors are released, and running out of them is survived. */
import { assert, assertEquals } from "@std/assert";
import { sleep } from "../support/child.ts";
import { connectTo, tcp } from "../support/raw_socket.ts";
import { backends, contractTest, portOf } from "./harness.ts";
import { cpuTicks, startProgram } from "./program.ts";

function openDescriptors(): number {
  return [...Deno.readDirSync("/proc/self/fd")].length;
}

contractTest(
  "opening and closing 1,000 connections leaks no descriptor and no deadline",
  async (rig) => {
    const listener = rig.listen(tcp(0), {}, (socket) => {
      const server = rig.recorder();
      server.socket = socket;
      server.keepsBytes = false;
      server.onEnded = () => socket.close();
      return server;
    });
    const round = async (count: number) => {
      const clients = Array.from({ length: count }, () => rig.connect(listener.address));
      for (const [index, client] of clients.entries()) {
        await client.until((c) => c.openCount === 1);
        if (index % 3 === 0) client.socket.abort();
        else client.socket.close();
      }
      await sleep(50);
    };
    await round(100);
    const before = openDescriptors();
    for (let i = 0; i < 10; i++) await round(100);
    await sleep(100);
    const after = openDescriptors();
    assert(after <= before + 5, `${before} descriptors before, ${after} after`);
    assertEquals(rig.reactor.wheel.armedCount, 0);
    assert(portOf(listener.address) > 0);
  },
);

for (const backend of backends) {
  Deno.test(`${backend}: a listener out of descriptors pauses, and continues when there are some again`, async () => {
    // Deno itself needs about fifteen; the rest is for connections.
    await using server = startProgram("many_server_program.ts", [backend, "1000"], 60);
    const port = Number((await server.waitForLine(/port \d+/)).slice(5));
    const conns: Deno.Conn[] = [];
    for (let i = 0; i < 100; i++) conns.push(await connectTo(tcp(port)));
    await sleep(300);
    const before = cpuTicks(server.pid);
    await sleep(1000);
    const used = cpuTicks(server.pid) - before;
    assert(used < 40, `${used} ticks of CPU in a second of waiting`);
    for (const conn of conns) conn.close();
    await sleep(500);
    using late = await connectTo(tcp(port));
    await late.write(new TextEncoder().encode("ping"));
    assertEquals(await late.read(new Uint8Array(8)), 4);
    assertEquals(server.stderr, "");
  });
}
