import { assertEquals } from "@std/assert";
// Loaded here, so that libraries that stay open do not count as a leak of a single test.
import "../../../../mod/net/epoll/epoll_reactor.ts";
import "../../../support/compiled_calls.ts";
import { createReactor } from "../../../../mod/net/mod.ts";
import type { SocketHandler } from "../../../../mod/net/reactor.ts";
import { openPrivate } from "../../../../mod/conn/accept/private_listener.ts";
import { tempFolder } from "../../../support/ports.ts";

const noHandler: SocketHandler = {
  onOpen() {},
  onData() {},
  onDrain() {},
  onEnd() {},
  onClose() {},
};

for (const kind of ["epoll", "portable"]) {
  Deno.test(`openPrivate() takes the path over while the previous listener is still closing (${kind})`, async () => {
    await using folder = await tempFolder();
    const address = { kind: "unix" as const, path: `${folder.path}/c.sock` };
    const reactor = await createReactor(kind);
    const running = reactor.run();
    const first = openPrivate(reactor, address, () => noHandler);
    first.answer();
    const second = openPrivate(reactor, address, () => noHandler);
    first.close();
    await new Promise((resolve) => setTimeout(resolve, 50));
    second.answer();
    assertEquals([...Deno.readDirSync(folder.path)].map(({ name }) => name), ["c.sock"]);
    second.close();
    reactor.stop();
    await running;
    assertEquals([...Deno.readDirSync(folder.path)], []);
  });
}
