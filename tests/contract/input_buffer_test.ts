/** Contract: reads into a handler's own buffers. */
import { assert, assertEquals } from "@std/assert";
import { type Recorder, streamTest } from "./harness.ts";

const totalBytes = 4_000_000;
/** Divides neither the total nor any read. */
const ownBytes = 70_001;
const period = 251;

/** Writes `totalBytes` bytes that tell their position, as fast as they are accepted. */
function sendAll({ socket }: Recorder, from: number): number {
  const chunk = Uint8Array.from({ length: 100 * period }, (_, i) => i % period);
  for (let sent = from; sent < totalBytes;) {
    const start = sent % period;
    const end = Math.min(chunk.length, start + totalBytes - sent);
    const accepted = socket.write(chunk, start, end);
    sent += accepted;
    if (accepted < end - start) return sent;
  }
  return totalBytes;
}

streamTest(
  "a handler's own buffer is filled from its start, and the stream stays in order",
  async (rig, transport) => {
    const { client, server } = await rig.pair(transport);
    let own: Uint8Array<ArrayBuffer> | null = null;
    let askedCount = 0;
    let ownCount = 0;
    let isRight = true;
    let seen = 0;
    server.keepsBytes = false;
    Object.assign(server, {
      inputBuffer(_socket: unknown, bytesMax: number) {
        assert(bytesMax > 0);
        // Every third read is left to the reactor.
        return own = ++askedCount % 3 === 0 ? null : new Uint8Array(Math.min(bytesMax, ownBytes));
      },
    });
    server.onBytes = (bytes, start, end) => {
      if (own !== null) {
        assert(bytes === own && start === 0 && end <= own.length);
        ownCount++;
      }
      own = null;
      for (let i = start; i < end; i++, seen++) isRight &&= bytes[i] === seen % period;
    };
    // So much waits in the kernel that several reads in turn are large ones.
    server.socket.pause();
    let sent = sendAll(client, 0);
    client.onDrained = () => sent = sendAll(client, sent);
    server.socket.resume();
    rig.reactor.wake();
    await server.until(() => seen === totalBytes);
    assert(isRight);
    const mayAsk = rig.reactor.backend === "epoll" && transport !== "tls";
    assertEquals(ownCount > 0, mayAsk);
  },
);
