/** Connects to itself over TCP and the unix socket PATH; prints its backend. PATH */
import { createReactor } from "../../mod/net/mod.ts";
import type { Socket } from "../../mod/net/reactor.ts";
import { echoHandler } from "./echo_handler.ts";

const reactor = await createReactor();
const [ping, path] = [new TextEncoder().encode("ping"), Deno.args[0]];
let leftCount = 2;
const client = {
  ...echoHandler,
  onOpen: (socket: Socket) => void socket.write(ping, 0, ping.length),
  onData(socket: Socket) {
    socket.close();
    if (--leftCount === 0) reactor.stop();
  },
};
for (
  const wanted of [{ kind: "tcp", host: "127.0.0.1", port: 0 }, { kind: "unix", path }] as const
) {
  const listener = reactor.listen(wanted, {}, () => echoHandler);
  reactor.connect(listener.address, client);
}
await reactor.run();
console.log(`done on ${reactor.backend}`);
Deno.exit(0);
