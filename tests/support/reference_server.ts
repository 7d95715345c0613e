/**
 * A server with known behaviour: the reference against which `hayate load` is checked.
 *
 * Run as a program it prints one line of JSON with its port and its unix socket, and ends on TERM.
 * Each path is a behaviour; `/stats` returns what the server itself has counted and measured since
 * the last `/stats`. Delays are measured from the read of a request to the write of its response.
 * The server records actual delays, and tests compare with these, not with the requested ones.
 */
import type { PeerError } from "../../mod/base/errors.ts";
import { createReactor } from "../../mod/net/mod.ts";
import type { Reactor, Socket, SocketHandler, TickHandler } from "../../mod/net/reactor.ts";
import { Child } from "./child.ts";

/** The server's counters since the last `/stats`. */
export interface ReferenceStats {
  readonly connections: number;
  readonly requests: number;
  readonly responses: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  /** Actual delays in microseconds, ascending. */
  readonly delaysUs: readonly number[];
  readonly byTarget: Readonly<Record<string, number>>;
}

/** A reference server in its own process. */
export class ReferenceServer implements AsyncDisposable {
  private constructor(
    readonly child: Child,
    readonly host: string,
    readonly port: number,
    readonly socketPath: string,
  ) {}

  /** `host`: the IPv4 address of this machine to listen on. */
  static async start(host = "127.0.0.1"): Promise<ReferenceServer> {
    const child = new Child(Deno.execPath(), [
      "run",
      "-A",
      "--unstable-net",
      "--no-check",
      import.meta.filename!,
      host,
    ]);
    const line = await child.waitForLine(/\{.*\}/);
    const { port, socketPath } = JSON.parse(line);
    return new ReferenceServer(child, host, port, socketPath);
  }

  url(path: string): string {
    return `http://${this.host}:${this.port}${path}`;
  }

  async stats(): Promise<ReferenceStats> {
    const response = await fetch(this.url("/stats"), { headers: { connection: "close" } });
    return await response.json();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.child.stop();
  }
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();
/** How often and how long `/stall` blocks the whole server. */
const stall = { everyMs: 3000, lengthMs: 1000 };
const dripMs = 1000;

class Server implements TickHandler {
  connections = 0;
  requests = 0;
  responses = 0;
  bytesIn = 0;
  bytesOut = 0;
  delaysUs: number[] = [];
  byTarget: Record<string, number> = {};
  stallFromMs = 0;
  readonly staysAwake = true;
  readonly #due: { atMs: number; act: () => void }[] = [];

  constructor(readonly reactor: Reactor) {}

  /** Calls `act` at this time, accurate to a few microseconds. */
  at(atMs: number, act: () => void): void {
    this.#due.push({ atMs, act });
  }

  onTick(): number {
    for (;;) {
      let first = -1;
      for (let i = 0; i < this.#due.length; i++) {
        if (first < 0 || this.#due[i].atMs < this.#due[first].atMs) first = i;
      }
      if (first < 0) return Infinity;
      const waitMs = this.#due[first].atMs - performance.now();
      if (waitMs > 0) return Math.max(0, Math.floor(waitMs - 1));
      this.#due.splice(first, 1)[0].act();
    }
  }

  takeStats(): string {
    const { connections, requests, responses, bytesIn, bytesOut, byTarget } = this;
    const delaysUs = this.delaysUs.sort((a, b) => a - b);
    this.connections =
      this.requests =
      this.responses =
      this.bytesIn =
      this.bytesOut =
        0;
    this.delaysUs = [];
    this.byTarget = {};
    return JSON.stringify({
      connections,
      requests,
      responses,
      bytesIn,
      bytesOut,
      delaysUs,
      byTarget,
    });
  }
}

/** One client. Request bodies are supported only with a Content-Length. */
class Client implements SocketHandler {
  #text = "";
  #answered = 0;
  #unsent: Uint8Array = new Uint8Array(0);
  #isEndless = false;

  constructor(readonly server: Server) {}

  onOpen(): void {}

  onData(socket: Socket, bytes: Uint8Array, start: number, end: number): void {
    const nowMs = performance.now();
    this.#text += decoder.decode(bytes.subarray(start, end));
    for (;;) {
      const headEnd = this.#text.indexOf("\r\n\r\n");
      if (headEnd < 0) return;
      const head = this.#text.slice(0, headEnd);
      const length = Number(/^content-length: *(\d+)/im.exec(head)?.[1] ?? 0);
      const size = headEnd + 4 + length;
      if (this.#text.length < size) return;
      this.#text = this.#text.slice(size);
      this.#onRequest(socket, head, size, nowMs);
    }
  }

  #onRequest(socket: Socket, head: string, size: number, nowMs: number): void {
    const [method, target] = head.split(" ");
    if (target === "/stats") return this.#answerStats(socket);
    const { server } = this;
    server.requests++;
    server.bytesIn += size;
    const key = `${method} ${target}`;
    server.byTarget[key] = (server.byTarget[key] ?? 0) + 1;
    const url = new URL(target, "http://reference");
    const number = (name: string) => Number(url.searchParams.get(name) ?? 0);
    const behaviour = behaviours[url.pathname];
    if (behaviour === undefined) return this.answer(socket, "404 Not Found", "", nowMs, 0);
    behaviour({ client: this, socket, nowMs, number, isHead: method === "HEAD" });
  }

  #answerStats(socket: Socket): void {
    const body = encoder.encode(this.server.takeStats());
    const head = `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n`;
    this.#unsent = encoder.encode(head + decoder.decode(body));
    this.onDrain(socket);
  }

  /** Sends a complete response after `delayMs`. */
  answer(
    socket: Socket,
    status: string,
    fields: string,
    nowMs: number,
    delayMs: number,
    body = "ok",
  ): void {
    const text = `HTTP/1.1 ${status}\r\nContent-Length: ${body.length}\r\n${fields}\r\n${body}`;
    const send = () => {
      if (!socket.isOpen) return;
      this.server.delaysUs.push((performance.now() - nowMs) * 1000);
      this.server.responses++;
      this.#answered++;
      this.write(socket, text);
      if (fields.includes("Connection: close")) socket.close();
    };
    if (delayMs > 0) this.server.at(nowMs + delayMs, send);
    else send();
  }

  get answered(): number {
    return this.#answered;
  }

  write(socket: Socket, text: string): void {
    const bytes = encoder.encode(text);
    const written = socket.write(bytes, 0, bytes.length);
    this.server.bytesOut += written;
  }

  /** Writes endlessly, as fast as the peer reads. */
  flood(socket: Socket): void {
    this.#isEndless = true;
    this.#unsent = new Uint8Array(65536).fill(120);
    this.onDrain(socket);
  }

  onDrain(socket: Socket): void {
    while (this.#unsent.length > 0) {
      const written = socket.write(this.#unsent, 0, this.#unsent.length);
      const isShort = written < this.#unsent.length;
      if (!this.#isEndless) this.#unsent = this.#unsent.slice(written);
      if (isShort) return;
    }
  }

  onEnd(socket: Socket): void {
    socket.close();
  }

  onClose(_socket: Socket, _error: PeerError): void {}
}

interface Asked {
  readonly client: Client;
  readonly socket: Socket;
  readonly nowMs: number;
  readonly isHead: boolean;
  number(name: string): number;
}

const behaviours: Readonly<Record<string, (asked: Asked) => void>> = {
  "/": ({ client, socket, nowMs, isHead }) =>
    isHead
      ? client.answer(socket, "200 OK", "X-Length: 2\r\n", nowMs, 0, "")
      : client.answer(socket, "200 OK", "", nowMs, 0),
  "/fixed": ({ client, socket, nowMs, number }) =>
    client.answer(socket, "200 OK", "", nowMs, number("ms")),
  /** Every `every`-th response of a connection takes `slow` ms, all others `fast` ms. */
  "/two": ({ client, socket, nowMs, number }) => {
    const isSlow = client.server.requests % number("every") === 0;
    client.answer(socket, "200 OK", "", nowMs, isSlow ? number("slow") : number("fast"));
  },
  /** The server blocks for one second, one second after the first request and then every three. */
  "/stall": ({ client, socket, nowMs }) => {
    if (client.server.stallFromMs === 0) client.server.stallFromMs = nowMs + 1000;
    const phase = nowMs - client.server.stallFromMs;
    const inCycle = phase < 0 ? -1 : phase % stall.everyMs;
    const delay = inCycle >= 0 && inCycle < stall.lengthMs ? stall.lengthMs - inCycle : 0;
    client.answer(socket, "200 OK", "", nowMs, delay);
  },
  "/status": ({ client, socket, nowMs, number }) =>
    client.answer(socket, `${number("code")} Asked For`, "", nowMs, 0),
  "/close": ({ client, socket, nowMs }) =>
    client.answer(socket, "200 OK", "Connection: close\r\n", nowMs, 0),
  /** Closes after every `after`-th response without announcing it. */
  "/hangup": ({ client, socket, nowMs, number }) => {
    client.answer(socket, "200 OK", "", nowMs, 0);
    if (client.answered % number("after") === 0) socket.close();
  },
  /** Drops every `every`-th request overall: it is received but not answered. */
  "/drop": ({ client, socket, nowMs, number }) => {
    if (client.server.requests % number("every") === 0) socket.close();
    else client.answer(socket, "200 OK", "", nowMs, 0);
  },
  "/eof": ({ client, socket }) => {
    client.server.responses++;
    client.write(socket, "HTTP/1.1 200 OK\r\n\r\nframed by the end");
    socket.close();
  },
  "/chunked": ({ client, socket }) => {
    client.server.responses++;
    client.write(
      socket,
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n1\r\n!\r\n0\r\n\r\n",
    );
  },
  "/garbage": ({ client, socket }) => client.write(socket, "SSH-2.0-OpenSSH_9.2\r\n"),
  "/too-much": ({ client, socket }) =>
    client.write(socket, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok and more"),
  "/cut-head": ({ client, socket }) => {
    client.write(socket, "HTTP/1.1 200 OK\r\nContent-Le");
    socket.close();
  },
  "/cut-body": ({ client, socket }) => {
    client.write(socket, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this");
    socket.close();
  },
  "/reset": ({ socket }) => socket.abort(),
  "/hang": () => {},
  "/silent-close": ({ socket }) => socket.close(),
  "/endless": ({ client, socket }) => {
    client.write(socket, "HTTP/1.1 200 OK\r\nContent-Length: 107374182400\r\n\r\n");
    client.flood(socket);
  },
  "/drip": ({ client, socket, nowMs }) => {
    const text = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    let at = 0;
    const drip = () => {
      if (!socket.isOpen || at >= text.length) return;
      client.write(socket, text[at++]);
      client.server.at(nowMs + at * dripMs, drip);
    };
    drip();
  },
};

async function main(): Promise<void> {
  const reactor = await createReactor("epoll");
  const server = new Server(reactor);
  reactor.tickHandler = server;
  const accept = () => {
    server.connections++;
    return new Client(server);
  };
  const folder = Deno.makeTempDirSync({ prefix: "reference-" });
  const socketPath = `${folder}/reference.sock`;
  const listener = reactor.listen({ kind: "tcp", host: Deno.args[0], port: 0 }, {}, accept);
  const unixListener = reactor.listen({ kind: "unix", path: socketPath }, {}, accept);
  const port = listener.address.kind === "tcp" ? listener.address.port : 0;
  console.log(JSON.stringify({ port, socketPath }));
  Deno.addSignalListener("SIGTERM", () => {
    unixListener.close();
    reactor.stop();
  });
  await reactor.run();
  Deno.removeSync(folder, { recursive: true });
  Deno.exit(0);
}

if (import.meta.main) await main();
