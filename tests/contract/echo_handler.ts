import type { Socket, SocketHandler } from "../../mod/net/reactor.ts";

/** Echoes input; closes when the peer does. For small amounts: a short write loses bytes. */
export const echoHandler: SocketHandler = {
  onOpen() {},
  onData(socket: Socket, bytes: Uint8Array, start: number, end: number) {
    socket.write(bytes, start, end);
  },
  onDrain() {},
  onEnd(socket: Socket) {
    socket.close();
  },
  onClose() {},
};
