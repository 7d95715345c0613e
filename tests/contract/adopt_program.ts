/** Adopts the listening descriptor FD, echoes, prints its port. FD */
import { createReactor } from "../../mod/net/mod.ts";
import { echoHandler } from "./echo_handler.ts";

const reactor = await createReactor("epoll");
const listener = reactor.adopt(Number(Deno.args[0]), { shared: true }, () => echoHandler);
if (listener.address.kind === "tcp") console.log(`adopted ${listener.address.port}`);
Deno.addSignalListener("SIGTERM", () => reactor.stop());
await reactor.run();
Deno.exit(0);
