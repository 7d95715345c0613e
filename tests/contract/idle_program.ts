/** A reactor with a listener and idle connections. BACKEND */
import { createReactor } from "../../mod/net/mod.ts";
import { echoHandler } from "./echo_handler.ts";

const reactor = await createReactor(Deno.args[0]);
const listener = reactor.listen(
  { kind: "tcp", host: "127.0.0.1", port: 0 },
  {},
  () => echoHandler,
);
for (let i = 0; i < 10; i++) reactor.connect(listener.address, echoHandler);
Deno.addSignalListener("SIGTERM", () => reactor.stop());
reactor.setTimer(100, () => console.log("ready"));
await reactor.run();
Deno.exit(0);
