import { assert, assertEquals, assertMatch } from "@std/assert";
import type { Address } from "../../../../mod/base/address.ts";
import { PeerError } from "../../../../mod/base/errors.ts";
import { TimerWheel } from "../../../../mod/base/timer_wheel.ts";
import { ProxyProtocolListeners } from "../../../../mod/conn/accept/proxy_protocol_accept.ts";
import { latin1, latin1Bytes } from "../../../../mod/http/mod.ts";
import type { SparseLog } from "../../../../mod/log/mod.ts";
import type { Listener, Reactor, Socket, SocketHandler } from "../../../../mod/net/reactor.ts";

const balancer: Address = { kind: "tcp", host: "10.0.0.1", port: 1 };
const own: Address = { kind: "tcp", host: "10.0.0.2", port: 80 };
const line = "PROXY TCP4 192.0.2.1 198.51.100.7 4660 80\r\n";

/** Writes down what is done to it. */
class FakeSocket implements Socket {
  isOpen = true;
  readonly calls: string[] = [];
  handler: SocketHandler = null!;

  write(bytes: Uint8Array, start: number, end: number): number {
    this.calls.push(`write ${latin1(bytes, start, end)}`);
    return end - start;
  }
  pause = () => void this.calls.push("pause");
  resume = () => void this.calls.push("resume");
  shutdown = () => void this.calls.push("shutdown");
  close = () => this.#end("close");
  abort = () => this.#end("abort");
  peerAddress = () => balancer;
  localAddress = () => own;

  /** As a reactor delivers bytes: in the middle of its buffer. */
  deliver(text: string): void {
    const bytes = latin1Bytes(`##${text}##`);
    this.handler.onData(this, bytes, 2, bytes.length - 2);
  }

  #end(how: string): void {
    this.isOpen = false;
    this.calls.push(how);
  }
}

/** The handler of a wrapped connection. */
class Owner implements SocketHandler {
  readonly events: string[] = [];
  constructor(readonly socket: Socket) {}

  onOpen = () => this.#note("open", this.socket);
  onData = (socket: Socket, bytes: Uint8Array, start: number, end: number) =>
    this.#note(`data ${latin1(bytes, start, end)}`, socket);
  onDrain = (socket: Socket) => this.#note("drain", socket);
  onEnd = (socket: Socket) => this.#note("end", socket);
  onClose = (socket: Socket, error: PeerError) => this.#note(`close ${error.code}`, socket);

  #note(event: string, socket: Socket): void {
    assertEquals(socket, this.socket, "the socket of an event is the one that was accepted");
    this.events.push(event);
  }
}

/** A listener with one connection, and a clock that the test moves. */
class Scene {
  readonly wheel = new TimerWheel(0);
  readonly lines: string[] = [];
  readonly socket = new FakeSocket();
  readonly listeners: ProxyProtocolListeners;
  owner: Owner | null = null;

  constructor(isRequired: boolean, expects: ((peer: Address) => boolean) | null = null) {
    const reactor = { wheel: this.wheel, nowMs: 0 } as unknown as Reactor;
    const log = { info: (text: string) => void this.lines.push(text) } as unknown as SparseLog;
    this.listeners = new ProxyProtocolListeners(reactor, log, 1000);
    const onAccept = this.listeners.wrap(
      isRequired,
      (socket) => this.owner = new Owner(socket),
      expects,
    );
    this.socket.handler = onAccept(this.socket, {} as Listener);
  }

  get isPending(): boolean {
    return this.listeners.pending.size > 0;
  }
}

Deno.test("wrap() passes a connection on after its header, with the addresses from the header", () => {
  for (const cut of [0, 1, 5, 20, line.length - 1, line.length]) {
    const scene = new Scene(true);
    const { socket } = scene;
    if (cut > 0) socket.deliver(line.slice(0, cut));
    assertEquals([scene.owner !== null, scene.isPending], [cut === line.length, cut < line.length]);
    socket.deliver(`${line.slice(cut)}GET`);
    const owner = scene.owner!;
    assertEquals([owner.events, scene.isPending, scene.lines], [["data GET"], false, []]);
    assertEquals(owner.socket.peerAddress(), { kind: "tcp", host: "192.0.2.1", port: 4660 });
    assertEquals(owner.socket.localAddress(), { kind: "tcp", host: "198.51.100.7", port: 80 });
    assertEquals(owner.socket.write(latin1Bytes("abc"), 1, 3), 2);
    socket.handler.onDrain(socket);
    socket.handler.onEnd(socket);
    socket.handler.onClose(socket, new PeerError("ECONNRESET", "downstream", "reset"));
    assertEquals(owner.events.slice(1), ["drain", "end", "close ECONNRESET"]);
    assertEquals(socket.calls, ["write bc"]);
    owner.socket.pause();
    owner.socket.abort();
    assertEquals([socket.calls.slice(1), owner.socket.isOpen], [["pause", "abort"], false]);
  }
});

Deno.test("wrap() keeps the connection's own addresses when the header has none", () => {
  const scene = new Scene(true);
  scene.socket.deliver("PROXY UNKNOWN\r\n");
  const { socket, events } = scene.owner!;
  assertEquals([socket.peerAddress(), socket.localAddress(), events], [balancer, own, []]);
});

Deno.test("wrap() passes input without a header on only when none is required", () => {
  const lax = new Scene(false);
  lax.socket.deliver("P");
  assert(lax.isPending);
  lax.socket.deliver("OST /");
  assertEquals([lax.owner?.events, lax.owner?.socket.peerAddress()], [["data POST /"], balancer]);
  const strict = new Scene(true);
  strict.socket.deliver("POST /");
  assertEquals([strict.owner, strict.socket.calls, strict.isPending], [null, ["close"], false]);
  assertMatch(strict.lines[0], /^PROXY protocol from 10\.0\.0\.1:1: there is no header; /);
});

Deno.test("wrap() passes connections on unchanged from peers not expected to send headers", () => {
  const stranger = new Scene(true, ({ kind }) => kind === "unix");
  stranger.socket.deliver(line);
  assertEquals([stranger.owner?.events, stranger.isPending], [[`data ${line}`], false]);
  assertEquals(stranger.owner?.socket, stranger.socket);
  const expected = new Scene(true, ({ kind }) => kind === "tcp");
  expected.socket.deliver(line);
  assertEquals(expected.owner?.socket.peerAddress(), {
    kind: "tcp",
    host: "192.0.2.1",
    port: 4660,
  });
});

Deno.test("wrap() closes a connection with a malformed header in either case, and logs it once", () => {
  for (const isRequired of [true, false]) {
    const scene = new Scene(isRequired);
    scene.socket.deliver("PROXY TCP4 x\r\n");
    assertEquals([scene.owner, scene.socket.calls, scene.lines.length], [null, ["close"], 1]);
  }
});

Deno.test("wrap() limits the time for a header, and stops with the connection", () => {
  const late = new Scene(false);
  late.socket.deliver("PROXY");
  late.wheel.advance(900);
  assert(late.socket.isOpen);
  late.wheel.advance(1200);
  assertEquals([late.socket.calls, late.isPending, late.lines.length], [["close"], false, 1]);
  const reset = new Scene(true);
  reset.socket.handler.onClose(
    reset.socket,
    new PeerError("ECONNRESET", "downstream", "reset"),
  );
  assertEquals([reset.isPending, reset.lines], [false, []]);
  const probe = new Scene(true);
  probe.socket.handler.onEnd(probe.socket);
  assertEquals([probe.isPending, probe.socket.calls, probe.lines], [false, ["close"], []]);
  const cutOff = new Scene(true);
  cutOff.socket.deliver("PROXY");
  cutOff.socket.handler.onEnd(cutOff.socket);
  assertEquals([cutOff.isPending, cutOff.lines.length], [false, 1]);
});
