/** WebSockets over HTTP/2 (RFC 8441) and other uses of CONNECT. Over every backend. */
import { assertEquals, assertMatch } from "@std/assert";
import { Framing } from "../../mod/http/message_head.ts";
import type { PeerError } from "../../mod/base/errors.ts";
import type { Socket, SocketHandler } from "../../mod/net/reactor.ts";
import { Http2Wire } from "../support/http2_wire.ts";
import { block, data, endHeaders, frame, reset, Type, window } from "../vectors/http2/wire.ts";
import { sleep } from "../support/child.ts";
import { contractTest } from "./harness.ts";
import { TestServer } from "./server_harness.ts";

/** Sends back what it gets, and notes how the socket ends. */
class Echo implements SocketHandler {
  readonly events: string[] = [];
  socket: Socket | null = null;

  onOpen(): void {}

  onData(socket: Socket, bytes: Uint8Array, start: number, end: number): void {
    this.socket = socket;
    this.events.push(`data ${end - start}`);
    socket.write(bytes, start, end);
  }

  onDrain(): void {
    this.events.push("drain");
  }

  onEnd(socket: Socket): void {
    this.events.push("end");
    socket.close();
  }

  onClose(_socket: Socket, error: PeerError): void {
    this.events.push(error.code);
  }
}

function connect(id: number, protocol: string): Uint8Array {
  const fields = [
    [":method", "CONNECT"],
    [":protocol", protocol],
    [":scheme", "http"],
    [":path", "/ws"],
    [":authority", "a.example"],
    ["sec-websocket-version", "13"],
  ] as const;
  return frame(Type.headers, endHeaders, id, block(...fields));
}

function serverOf(rig: ConstructorParameters<typeof TestServer>[0], echo: Echo): TestServer {
  return new TestServer(rig, {
    "/ws": (x) => {
      const { head } = x;
      const isAsked = head.upgrade && head.field("upgrade") === "websocket" &&
        head.field("sec-websocket-key")!.length === 24 && head.methodText() === "GET";
      if (!isAsked) {
        x.beginHead(405);
        x.endHead(Framing.none);
        return x.endBody();
      }
      x.beginHead(101).ascii("Connection: Upgrade\r\nUpgrade: websocket\r\nX-A: b\r\n");
      x.endHead(Framing.none);
      x.takeOver().socket.handler = echo;
    },
  });
}

contractTest("a WebSocket takes over its stream, and others go on", async (rig) => {
  const echo = new Echo();
  const server = serverOf(rig, echo);
  using wire = await Http2Wire.open(server.address);
  await wire.send(connect(1, "websocket"));
  assertMatch((await wire.next("HEADERS", 1)).text, /^status 200; server: .*; date: .*; x-a: b$/);
  await wire.send(data(1, 0, "ping"));
  assertEquals((await wire.next("DATA", 1)).text, "ping");
  await wire.get(3, "/a");
  assertEquals((await wire.response(3)).body, "/a");
  await wire.send(data(1, 1, "last"));
  assertEquals((await wire.response(1)).body, "last");
  assertEquals(echo.events, ["data 4", "data 4", "end"]);
});

contractTest("a tunnel that is reset, or blocked by its window", async (rig) => {
  const echo = new Echo();
  const server = serverOf(rig, echo);
  using wire = await Http2Wire.open(server.address, [4, 3]);
  await wire.send(connect(1, "websocket"));
  await wire.next("HEADERS", 1);
  await wire.send(data(1, 0, "abcdef"));
  assertEquals((await wire.next("DATA", 1)).text, "abc");
  await wire.send(window(1, 10));
  while (!echo.events.includes("drain")) await sleep(5);
  echo.socket!.write(new TextEncoder().encode("def"), 0, 3);
  assertEquals((await wire.next("DATA", 1)).text, "def");
  await wire.send(reset(1));
  while (!echo.events.includes("ECONNRESET")) await sleep(5);
  await wire.send(connect(3, "websocket"));
  await wire.next("HEADERS", 3);
  await wire.send(data(3, 0, "x"));
  await wire.next("DATA", 3);
  echo.socket!.abort();
  assertEquals((await wire.next("RST_STREAM", 3)).text, "CANCEL");
});

contractTest("other protocols, and CONNECT to a host, are no WebSocket", async (rig) => {
  const server = serverOf(rig, new Echo());
  using wire = await Http2Wire.open(server.address);
  await wire.send(connect(1, "connect-udp"));
  assertMatch((await wire.response(1)).heads[0], /^status 405;/);
});
