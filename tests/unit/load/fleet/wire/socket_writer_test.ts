import { assertEquals } from "@std/assert";
import { SocketWriter } from "../../../../../mod/load/fleet/wire/socket_writer.ts";
import type { Socket } from "../../../../../mod/net/reactor.ts";

/** A socket that takes `room` bytes until more room is made. */
function slowSocket(room: number) {
  const sent: number[] = [];
  const socket = {
    room,
    sent,
    isShutDown: false,
    write(bytes: Uint8Array, start: number, end: number): number {
      const count = Math.min(end - start, socket.room);
      socket.room -= count;
      sent.push(...bytes.subarray(start, start + count));
      return count;
    },
    shutdown: () => void (socket.isShutDown = true),
  };
  return socket;
}

Deno.test("SocketWriter writes in order to a slow socket, and tells what was taken", () => {
  const socket = slowSocket(3);
  const writer = new SocketWriter(socket as unknown as Socket);
  const taken: string[] = [];
  writer.write(Uint8Array.of(1, 2), () => taken.push("first"));
  writer.write(Uint8Array.of(3, 4), () => {
    taken.push("second");
    writer.write(Uint8Array.of(6), () => taken.push("fourth"));
  });
  writer.write(Uint8Array.of(5), () => taken.push("third"));
  writer.shutdown();
  assertEquals([taken, writer.bytes, socket.isShutDown], [["first"], 2, false]);
  socket.room = 10;
  writer.flush();
  assertEquals(socket.sent, [1, 2, 3, 4, 5, 6]);
  assertEquals([taken, writer.bytes, socket.isShutDown], [
    ["first", "second", "third", "fourth"],
    0,
    true,
  ]);
});

Deno.test("SocketWriter.drop() lets nobody wait", () => {
  const writer = new SocketWriter(slowSocket(1) as unknown as Socket);
  let taken = 0;
  for (let i = 0; i < 3; i++) writer.write(Uint8Array.of(1, 2), () => taken++);
  writer.drop();
  assertEquals([taken, writer.bytes], [3, 0]);
});
