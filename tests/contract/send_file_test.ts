/** Contract: sending a file without copying, if the backend supports it. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { sleep } from "../support/child.ts";
import { type Recorder, streamTest, type Transport } from "./harness.ts";
import { libc } from "../../mod/sys/libc.ts";

const fileBytes = 12_000_000;
const plain: readonly Transport[] = ["tcp4", "tcp6", "unix"];

/** Opens a file of `fileBytes` patterned bytes with libc; returns its descriptor. */
async function openPattern(folder: string): Promise<number> {
  const path = `${folder}/pattern`;
  const bytes = new Uint8Array(fileBytes);
  for (let i = 0; i < fileBytes; i++) bytes[i] = i % 251;
  await Deno.writeFile(path, bytes);
  using file = await Deno.open(path);
  // Deno does not expose its descriptors; find it by the link in /proc.
  for (const { name } of Deno.readDirSync("/proc/self/fd")) {
    if (linkOf(name) !== path) continue;
    const duplicate = 1030;
    return libc.fcntl(Number(name), duplicate, 3);
  }
  throw new Error(`${path} is not among the open files; ${file}`);
}

function linkOf(name: string): string | null {
  try {
    return Deno.readLinkSync(`/proc/self/fd/${name}`);
  } catch (error) {
    // The descriptor of the listing itself is already closed.
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}

/** Sends bytes [offset, end) of the file, continuing at each onDrain. */
async function sendAll(from: Recorder, fd: number, offset: number, end: number): Promise<void> {
  let at = offset;
  const push = () => {
    while (at < end) {
      const wanted = Math.min(1 << 20, end - at);
      const count = from.socket.sendFile!(fd, at, wanted);
      if (count < 0) throw new Error(`the file failed at ${at}`);
      at += count;
      if (count < wanted) return;
    }
  };
  from.onDrained = push;
  push();
  await from.until(() => at === end);
}

function expectPattern(to: Recorder, from: number): { at: number; wrongAt: number } {
  const seen = { at: from, wrongAt: -1 };
  to.keepsBytes = false;
  to.onBytes = (bytes, start, end) => {
    for (let i = start; i < end; i++, seen.at++) {
      if (bytes[i] !== seen.at % 251 && seen.wrongAt < 0) seen.wrongAt = seen.at;
    }
  };
  return seen;
}

streamTest(
  "sendFile() sends the given bytes, in order, to a peer that pauses",
  async (rig, transport) => {
    const { client, server } = await rig.pair(transport);
    if (client.socket.sendFile === undefined) return;
    const fd = await openPattern(await rig.folder());
    const seen = expectPattern(server, 1000);
    server.socket.pause();
    rig.reactor.setTimer(50, () => server.socket.resume());
    await sendAll(client, fd, 1000, fileBytes);
    await server.until(() => seen.at === fileBytes);
    assertEquals(seen.wrongAt, -1);
    libc.close(fd);
  },
  plain,
);

streamTest("sendFile() leaves others their turn: 2 MB at once", async (rig, transport) => {
  const { client, server } = await rig.pair(transport);
  if (client.socket.sendFile === undefined) return;
  const fd = await openPattern(await rig.folder());
  const seen = expectPattern(server, 0);
  let at = 0;
  let most = 0;
  const push = () => {
    const count = client.socket.sendFile!(fd, at, fileBytes - at);
    most = Math.max(most, count);
    at += count;
  };
  client.onDrained = push;
  push();
  await server.until(() => seen.at === fileBytes);
  assert(most <= 2 << 20, `${most} at once`);
  libc.close(fd);
}, plain);

streamTest("sendFile() and write() keep their order", async (rig, transport) => {
  const { client, server } = await rig.pair(transport);
  if (client.socket.sendFile === undefined) return;
  const fd = await openPattern(await rig.folder());
  client.send("head");
  assertEquals(client.socket.sendFile(fd, 251, 4), 4);
  client.send("tail");
  await server.until((s) => s.byteCount === 12);
  assertEquals(server.text, "head\x00\x01\x02\x03tail");
  libc.close(fd);
}, plain);

streamTest(
  "sendFile() returns -1 if the file ends early or cannot be read",
  async (rig, transport) => {
    const { client, server } = await rig.pair(transport);
    if (client.socket.sendFile === undefined) return;
    const folder = await rig.folder();
    const fd = await openPattern(folder);
    assertEquals(client.socket.sendFile(fd, fileBytes, 10), -1, "after the end of the file");
    assert(client.socket.isOpen);
    client.send("still open");
    await server.until((s) => s.byteCount === 10);
    libc.close(fd);
  },
  plain,
);

streamTest(
  "sendFile() accepts nothing after shutdown() and close(), or before a due onDrain",
  async (rig, transport) => {
    const { client, server } = await rig.pair(transport);
    if (client.socket.sendFile === undefined) return;
    const fd = await openPattern(await rig.folder());
    server.socket.pause();
    for (let sent = 1; sent > 0;) sent = client.socket.sendFile(fd, 0, fileBytes);
    assertEquals(client.socket.write(new Uint8Array(9), 0, 9), 0);
    client.socket.shutdown();
    assertEquals(client.socket.sendFile(fd, 0, 10), 0);
    client.socket.close();
    assertEquals(client.socket.sendFile(fd, 0, 10), 0);
    libc.close(fd);
  },
  plain,
);

streamTest(
  "sendFile() to a closed peer ends in onClose, not in a signal",
  async (rig, transport) => {
    const { client, server } = await rig.pair(transport);
    if (client.socket.sendFile === undefined) return;
    const fd = await openPattern(await rig.folder());
    server.socket.abort();
    for (let i = 0; i < 100 && client.closeCount === 0; i++) {
      client.socket.sendFile(fd, 0, 1000);
      rig.reactor.wake();
      await sleep(5);
    }
    assertEquals(client.closeCount, 1);
    assertMatch(client.error!.code, /^(EPIPE|ECONNRESET)$/);
    libc.close(fd);
  },
  plain,
);
