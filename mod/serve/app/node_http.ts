/**
 * Servers of `node:http` on hayate's listener: express, fastify, koa and their like.
 *
 * Requests and responses are those of Deno's own `node:http`; only its socket is ours. It relies on
 * how that module is built in the Deno that this program contains, which a test holds.
 */
import type { Fetch } from "../fetch/fetch_handler.ts";
import type { ServedInfo } from "../fetch/served_info.ts";
import type { CapturedServer } from "./captured_server.ts";

/** What we need of the module; its types are Node's, which know none of this. */
interface NodeHttp {
  readonly createServer: (listener?: unknown) => NodeServer;
  readonly IncomingMessage: new (socket: unknown) => IncomingMessage;
  readonly ServerResponse: new (
    request: IncomingMessage,
    respond: (response: Response) => void,
    socket: unknown,
  ) => unknown;
}

interface NodeServer {
  emit(event: string, ...values: unknown[]): boolean;
  setTimeout(): NodeServer;
  _listen(hostname: string, port: number): unknown;
  _serve(): void;
}

interface IncomingMessage {
  method: string;
  url: string;
  _read: () => void;
  _destroy: (error: unknown, callback: (error: unknown) => void) => void;
  push(chunk: unknown): boolean;
  destroy(error?: unknown): void;
  [rawHeaders: symbol]: unknown;
}

/** A socket as far as servers look at it; `socket` of requests and responses. */
interface Socket {
  destroy(): void;
  [name: string | symbol]: unknown;
}

let http: NodeHttp | null = null;
/** Makes sockets; defined once the modules of Node are loaded. */
let newSocket: (request: Request, info: ServedInfo) => Socket;

async function load(): Promise<NodeHttp> {
  if (http !== null) return http;
  const [module, { EventEmitter }] = await Promise.all([
    import("node:http"),
    import("node:events"),
  ]);
  newSocket = socketMaker(EventEmitter as unknown as new () => object);
  return http = module.default as unknown as NodeHttp;
}

/** Makes `listen` of servers of `node:http` open `captured`. */
export async function captureNodeServers(captured: CapturedServer): Promise<void> {
  const { createServer } = await load();
  const { address } = captured;
  const place = address.transport === "tcp" ? address : { hostname: "0.0.0.0", port: 0 };
  const prototype = Object.getPrototypeOf(createServer()) as NodeServer & { _asked: number };
  prototype._listen = function (this: NodeServer & { _asked: number }, _hostname, port) {
    this._asked = port;
    return { addr: place, close: () => void queueMicrotask(() => this.emit("close")) };
  };
  // Timeouts are hayate's flags; Deno's own writes a line to standard error.
  prototype.setTimeout = function (this: NodeServer) {
    return this;
  };
  prototype._serve = function (this: NodeServer & { _asked: number }) {
    captured.open(fetchOfServer(this), this._asked);
    this.emit("listening");
  };
}

/** The handler that a listener `(request, response)` amounts to. */
export async function fetchOfListener(listener: unknown): Promise<Fetch> {
  const { createServer } = await load();
  return fetchOfServer(createServer(listener));
}

/** The handler that a server, which need not listen, amounts to. */
export async function fetchOfNodeServer(server: unknown): Promise<Fetch> {
  await load();
  return fetchOfServer(server as NodeServer);
}

function fetchOfServer(server: NodeServer): Fetch {
  const { IncomingMessage, ServerResponse } = http!;
  const [rawHeaders] = Object.getOwnPropertySymbols(new IncomingMessage(null))
    .filter(({ description }) => description === "rawHeaders");
  return (request, info) => {
    const socket = newSocket(request, info);
    const message = new IncomingMessage(socket);
    message.method = request.method;
    message.url = request.url.slice(request.url.indexOf("/", "https://".length));
    // Deno looks into them, so they must be its own.
    message[rawHeaders] = new Headers([...request.headers]);
    readBody(message, request.body);
    return new Promise<Response>((resolve) => {
      const response = new ServerResponse(message, resolve, socket);
      server.emit("request", message, response);
    });
  };
}

function readBody(message: IncomingMessage, body: ReadableStream<Uint8Array> | null): void {
  const reader = body?.getReader() ?? null;
  message._read = () => {
    if (reader === null) return void message.push(null);
    reader.read().then(
      ({ value, done }) => message.push(done ? null : value),
      (error) => message.destroy(error),
    );
  };
  // Without a body Deno's own never calls back, and nothing that waits for the end gets on.
  message._destroy = (error, callback) => {
    reader?.cancel(error).catch(() => null);
    callback(error);
  };
}

function socketMaker(EventEmitter: new () => object): typeof newSocket {
  class ClientSocket extends EventEmitter {
    readonly encrypted: boolean;
    readonly remoteAddress: string;
    readonly remotePort: number;
    readonly remoteFamily: string;
    readonly readable = true;
    readonly writable = true;
    destroyed = false;

    constructor(request: Request, { remoteAddr }: ServedInfo) {
      super();
      this.encrypted = request.url.startsWith("https:");
      this.remoteAddress = remoteAddr.transport === "tcp" ? remoteAddr.hostname : "";
      this.remotePort = remoteAddr.transport === "tcp" ? remoteAddr.port : 0;
      this.remoteFamily = this.remoteAddress.includes(":") ? "IPv6" : "IPv4";
    }

    setKeepAlive(): this {
      return this;
    }
    setNoDelay(): this {
      return this;
    }
    setTimeout(): this {
      return this;
    }
    end(): this {
      return this;
    }
    destroy(): void {
      this.destroyed = true;
    }
  }
  return (request, info) => {
    const socket = new ClientSocket(request, info) as unknown as Socket & {
      emit(event: string): boolean;
    };
    // The response asks its socket by this symbol of Deno's to tell when the client has gone.
    return new Proxy(socket, {
      get(target, name) {
        if (typeof name !== "symbol" || name.description !== "kBindToAbortSignal") {
          return Reflect.get(target, name, target);
        }
        return () => request.signal.addEventListener("abort", () => target.emit("close"));
      },
    });
  };
}
