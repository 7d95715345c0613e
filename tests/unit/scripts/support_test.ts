import { assert, assertEquals, assertRejects } from "@std/assert";
import { Child, childPids, runProgram } from "../../support/binary.ts";
import { findPeer, peerPath } from "../../support/peers.ts";
import { freePort, tempFolder } from "../../support/ports.ts";
import { RawConnection, rawExchange, tcp } from "../../support/raw_socket.ts";

Deno.test("findPeer() gives a full path, and null for a program that is not installed", () => {
  assert(findPeer("sh")?.startsWith("/"));
  assertEquals(findPeer("no-such-program-anywhere"), null);
});

Deno.test("peerPath() names the program that is missing", () => {
  let message = "";
  try {
    peerPath("no-such-program-anywhere");
  } catch (error) {
    message = (error as Error).message;
  }
  assertEquals(message, "Cannot run no-such-program-anywhere: it is not installed");
});

Deno.test("Child captures output, the exit code and what the environment says", async () => {
  const result = await runProgram("sh", ["-c", 'echo "$WORD"; echo oops >&2; exit 3'], {
    env: { WORD: "hello" },
  });
  assertEquals(result, { code: 3, signal: null, stdout: "hello\n", stderr: "oops\n" });
});

Deno.test("Child.waitForLine() names what it waited for when the child ends first", async () => {
  await using child = new Child("sh", ["-c", "echo one"]);
  assertEquals(await child.waitForLine(/o.e/), "one");
  const error = await assertRejects(() => child.waitForLine("two"), Error);
  assert(error.message.includes("ended while the test waited for the line two"), error.message);
});

Deno.test("Child.stop() fails the test when TERM is ignored, and leaves no process behind", async () => {
  const script = "trap '' TERM; sleep 60 & echo up; while :; do sleep 0.05; done";
  const child = new Child("sh", ["-c", script], { stopTimeoutMs: 100 });
  await child.waitForLine("up");
  const pids = childPids(child.pid);
  assert(pids.length >= 1);
  const error = await assertRejects(() => child.stop(), Error);
  assert(error.message.includes("100 ms after SIGTERM and was killed"), error.message);
  assertEquals(childPids(child.pid), []);
});

Deno.test("freePort() never gives the same port twice", () => {
  const ports = Array.from({ length: 50 }, () => freePort());
  assertEquals(new Set(ports).size, 50);
});

Deno.test("tempFolder() writes files with a mode and removes itself", async () => {
  let path;
  {
    await using folder = await tempFolder();
    path = await folder.write("deep/run.sh", "#!/bin/sh\n", 0o755);
    assertEquals((await Deno.stat(path)).mode! & 0o777, 0o755);
  }
  await assertRejects(() => Deno.stat(path), Deno.errors.NotFound);
});

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
