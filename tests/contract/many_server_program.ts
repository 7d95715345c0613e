/**
 * Accepts COUNT connections, echoes, and prints when all are open and all are closed. BACKEND COUNT
 */
import { createReactor } from "../../mod/net/mod.ts";
import type { Socket } from "../../mod/net/reactor.ts";
import { echoHandler } from "./echo_handler.ts";

const reactor = await createReactor(Deno.args[0]);
const wanted = Number(Deno.args[1]);
let openCount = 0;
let closedCount = 0;
let echoedCount = 0;

function closeOne(): void {
  if (++closedCount === wanted) console.log("all closed");
}

const handler = {
  ...echoHandler,
  onData(socket: Socket, bytes: Uint8Array, start: number, end: number) {
    echoHandler.onData(socket, bytes, start, end);
    if (++echoedCount !== wanted) return;
    console.log(`resident ${Math.round(Deno.memoryUsage().rss / 1e6)} MB`);
  },
  onEnd(socket: Socket) {
    socket.close();
    closeOne();
  },
  onClose: closeOne,
};
const listener = reactor.listen({ kind: "tcp", host: "127.0.0.1", port: 0 }, {}, () => {
  if (++openCount === wanted) console.log("all open");
  return handler;
});
if (listener.address.kind === "tcp") console.log(`port ${listener.address.port}`);
Deno.addSignalListener("SIGTERM", () => reactor.stop());
await reactor.run();
Deno.exit(0);
