/** Prints a line for each SIGHUP, under full load or idle. BACKEND load|rest */
import { createReactor } from "../../mod/net/mod.ts";
import type { Socket } from "../../mod/net/reactor.ts";
import { echoHandler } from "./echo_handler.ts";

const [backend, load] = Deno.args;
const reactor = await createReactor(backend);
const listener = reactor.listen(
  { kind: "tcp", host: "127.0.0.1", port: 0 },
  {},
  () => echoHandler,
);
const ball = new Uint8Array(64);
const player = { ...echoHandler, onOpen: (socket: Socket) => void socket.write(ball, 0, 64) };
for (let i = 0; i < 50; i++) {
  reactor.connect(listener.address, load === "load" ? player : echoHandler);
}

let count = 0;
Deno.addSignalListener("SIGHUP", () => console.log(`signal ${++count}`));
Deno.addSignalListener("SIGTERM", () => reactor.stop());
reactor.setTimer(100, () => console.log("ready"));
await reactor.run();
Deno.exit(0);
