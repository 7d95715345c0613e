/**
 * Opens COUNT connections, sends a byte on each, waits for its echo, closes them. BACKEND PORT
 * COUNT
 */
import { createReactor } from "../../mod/net/mod.ts";
import type { Socket } from "../../mod/net/reactor.ts";
import type { PeerError } from "../../mod/base/errors.ts";
import { echoHandler } from "./echo_handler.ts";

const reactor = await createReactor(Deno.args[0]);
const address = { kind: "tcp", host: "127.0.0.1", port: Number(Deno.args[1]) } as const;
const wanted = Number(Deno.args[2]);
/** Most concurrent connects, so that the listener's queue does not overflow. */
const connectingMax = 500;
const sockets: Socket[] = [];
let begunCount = 0;
let echoedCount = 0;
const byte = new Uint8Array(1);

const handler = {
  ...echoHandler,
  onOpen(socket: Socket) {
    sockets.push(socket);
    begin();
    if (sockets.length === wanted) {
      console.log("all open");
      reactor.setTimer(100, () => sockets.forEach((each) => each.write(byte, 0, 1)));
    }
  },
  onData() {
    if (++echoedCount === wanted) {
      console.log("all echoed");
      for (const socket of sockets) socket.close();
    }
  },
  onEnd() {
    console.error("a connection ended");
  },
  onClose(_socket: Socket, error: PeerError) {
    console.error(`a connection failed: ${error.code}`);
  },
};

function begin(): void {
  if (begunCount === wanted) return;
  begunCount++;
  reactor.connect(address, handler);
}

for (let i = 0; i < connectingMax; i++) begin();
Deno.addSignalListener("SIGTERM", () => reactor.stop());
await reactor.run();
Deno.exit(0);
