/** Malformed TLS record streams: each must end in a close, and valid clients must still be served. */
import { assert, assertEquals } from "@std/assert";
// Loaded here, so that libraries that stay open do not count as a leak of a single test.
import "../../mod/net/epoll/epoll_reactor.ts";
import "../support/compiled_calls.ts";
import { createReactor } from "../../mod/net/mod.ts";
import type { Socket, SocketHandler } from "../../mod/net/reactor.ts";
import { ClientContext } from "../../mod/tls/client_context.ts";
import { TlsSocket } from "../../mod/tls/tls_socket.ts";
import { certificateFor, TlsEnds } from "../contract/tls_ends.ts";
import { ServerContext } from "../../mod/tls/server_context.ts";
import { RawConnection, tcp } from "../support/raw_socket.ts";
import { Random } from "./random.ts";

const streams = 120;
const handshakeTimeoutMs = 250;

/** The bytes of a ClientHello, captured with a socket that only records. */
function clientHello(context: ClientContext): Uint8Array {
  let written = new Uint8Array(0);
  const silent: SocketHandler = {
    onOpen() {},
    onData() {},
    onDrain() {},
    onEnd() {},
    onClose() {},
  };
  const paper: Socket = {
    handler: silent,
    isOpen: true,
    write(bytes, start, end) {
      written = Uint8Array.from([...written, ...bytes.subarray(start, end)]);
      return end - start;
    },
    pause() {},
    resume() {},
    shutdown() {},
    close() {},
    abort() {},
    peerAddress: () => tcp(1),
    localAddress: () => tcp(1),
  };
  const secure = new TlsSocket(paper, context.pointer, silent, { isServer: false });
  secure.onOpen();
  secure.abort();
  return written;
}

/** Applies a few random flips, cuts, repetitions and insertions. */
function mutate(random: Random, hello: Uint8Array): Uint8Array {
  let bytes = [...hello];
  for (let i = 1 + random.below(4); i > 0; i--) {
    const at = random.below(Math.max(1, bytes.length));
    switch (random.below(5)) {
      case 0:
        bytes[at] ^= 1 << random.below(8);
        break;
      case 1:
        bytes = bytes.slice(0, at);
        break;
      case 2:
        bytes.splice(at, 0, ...Array.from({ length: random.below(40) }, () => random.below(256)));
        break;
      case 3:
        bytes.push(...hello.slice(0, random.below(hello.length)));
        break;
      default:
        // Append another record type: alert, change cipher spec, application data, heartbeat.
        bytes.push(20 + random.below(5), 3, 3, 0, 2, random.below(256), random.below(256));
    }
  }
  return Uint8Array.from(bytes);
}

for (const backend of ["portable", "epoll"] as const) {
  Deno.test(`${backend}: mutated TLS records end in a close, and valid clients are served`, async () => {
    const random = new Random(Random.freshSeed());
    const own = certificateFor("localhost");
    const reactor = await createReactor(backend);
    const server = new ServerContext({ identities: [{ certificates: [own] }] });
    const ends = new TlsEnds(reactor, server, new ClientContext({ caFile: own.certificateFile }));
    let ready = 0;
    const handler: SocketHandler = {
      onOpen() {},
      onData() {},
      onDrain() {},
      onEnd: (socket) => socket.close(),
      onClose() {},
    };
    const accept = ends.accepting(() => {
      ready++;
      return handler;
    }, handshakeTimeoutMs);
    const listener = reactor.listen(tcp(0), {}, accept);
    const running = reactor.run();
    const hello = clientHello(ends.client);
    assert(hello.length > 200, `a ClientHello of ${hello.length} bytes`);
    try {
      await Promise.all(Array.from({ length: streams }, async (_, index) => {
        using client = await RawConnection.open(listener.address);
        await client.send(mutate(random, hello)).catch(() => {});
        assert(await client.waitForClose(10_000), `seed ${random.seed}, stream ${index}: no close`);
      }));
      assertEquals(ready, 0, `seed ${random.seed}: no handshake was completed`);
      assertEquals(ends.pending.size, 0, `seed ${random.seed}: leaked handshakes`);
      const honest = await new Promise<string>((resolve) => {
        const socket = ends.connect(listener.address, {
          ...handler,
          onOpen: () => {
            const { version } = socket.tlsFacts();
            socket.close();
            resolve(version);
          },
          onClose: (_socket, error) => resolve(error.message),
        });
      });
      assertEquals(honest, "TLSv1.3", `seed ${random.seed}`);
    } finally {
      listener.close();
      await new Promise((resolve) => setTimeout(resolve, 50));
      reactor.stop();
      await running;
      ends.close();
    }
  });
}
