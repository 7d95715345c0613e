/** Scripted upstreams, and a proxy in front of them. */
import type { Address } from "../../mod/base/address.ts";
import { type Child, type ChildOptions, startListening } from "./binary.ts";
import { freePort, type TempFolder, tempFolder } from "./ports.ts";
import { latin1, RawConnection, rawExchange, tcp, unix } from "./raw_socket.ts";

/** One connection that the proxy has opened to an upstream. */
export interface UpstreamPeer {
  readonly raw: RawConnection;
  /** 1 for the first connection of the upstream. */
  readonly index: number;
  /** Reads a head, keeps it in `upstream.heads`; null when the proxy closes instead. */
  readHead(): Promise<string | null>;
  send(bytes: string): Promise<void>;
}

export type UpstreamScript = (peer: UpstreamPeer) => Promise<void>;

/** Sends raw bytes according to its script; closes the connection when the script returns. */
export class ScriptedUpstream implements AsyncDisposable {
  /** Heads in the order of their arrival. */
  readonly heads: string[] = [];
  connectionCount = 0;
  readonly #listener: Deno.Listener;
  readonly #connections = new Set<RawConnection>();
  readonly #scripts: Promise<void>[] = [];
  readonly #accepting: Promise<void>;

  private constructor(listener: Deno.Listener, readonly address: Address, script: UpstreamScript) {
    this.#listener = listener;
    this.#accepting = this.#accept(script);
  }

  static start(script: UpstreamScript, path?: string): ScriptedUpstream {
    if (path !== undefined) {
      const listener = Deno.listen({ transport: "unix", path });
      return new ScriptedUpstream(listener as Deno.Listener, { kind: "unix", path }, script);
    }
    const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    return new ScriptedUpstream(listener, tcp((listener.addr as Deno.NetAddr).port), script);
  }

  /** Speaks TLS with a certificate and key in PEM. */
  static startTls(script: UpstreamScript, cert: string, key: string): ScriptedUpstream {
    const listener = Deno.listenTls({ hostname: "127.0.0.1", port: 0, cert, key });
    return new ScriptedUpstream(listener, tcp(listener.addr.port), script);
  }

  /** On an address of its own: all of 127.0.0.0/8 is this host. */
  static startAt(host: string, port: number, script: UpstreamScript): ScriptedUpstream {
    const listener = Deno.listen({ hostname: host, port });
    return new ScriptedUpstream(listener, tcp(port, host), script);
  }

  get port(): number {
    if (this.address.kind !== "tcp") throw new TypeError("Cannot give the port of a unix socket");
    return this.address.port;
  }

  async #accept(script: UpstreamScript): Promise<void> {
    for (;;) {
      try {
        this.#scripts.push(this.#serve(await this.#listener.accept(), script));
      } catch (error) {
        if (error instanceof Deno.errors.BadResource) return;
        // The client has already disconnected: a probe of type tcp.
        if (!(error instanceof Deno.errors.NotConnected)) throw error;
      }
    }
  }

  async #serve(conn: Deno.Conn, script: UpstreamScript): Promise<void> {
    const raw = new RawConnection(conn);
    this.#connections.add(raw);
    const index = ++this.connectionCount;
    try {
      await script({
        raw,
        index,
        readHead: async () => {
          try {
            // A kept connection may be idle for long.
            const head = await raw.readUntil("\r\n\r\n", 120_000);
            this.heads.push(head);
            return head;
          } catch (error) {
            if (raw.isClosedByPeer) return null;
            throw error;
          }
        },
        send: (bytes) => raw.send(Uint8Array.from(bytes, (char) => char.charCodeAt(0))),
      });
    } catch (error) {
      // The proxy may disconnect before the script has sent everything.
      if (!raw.isClosedByPeer && !(error instanceof Deno.errors.BrokenPipe) && !isReset(error)) {
        throw error;
      }
    } finally {
      this.#close(raw);
    }
  }

  #close(raw: RawConnection): void {
    if (this.#connections.delete(raw)) raw.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    for (const raw of this.#connections) this.#close(raw);
    await this.#accepting;
    await Promise.allSettled(this.#scripts);
  }
}

function isReset(error: unknown): boolean {
  return error instanceof Deno.errors.ConnectionReset || error instanceof Deno.errors.BadResource ||
    error instanceof Deno.errors.Interrupted;
}

/** A response with a length. */
export function response(body: string, fields = "", status = "200 OK"): string {
  return `HTTP/1.1 ${status}\r\n${fields}Content-Length: ${body.length}\r\n\r\n${body}`;
}

/** Answers every request of a connection with the same bytes. */
export function always(bytes: string): UpstreamScript {
  return async (peer) => {
    while (await peer.readHead() !== null) await peer.send(bytes);
  };
}

/** A proxy with its configuration in its own folder. */
export class TestProxy implements AsyncDisposable {
  private constructor(
    readonly child: Child,
    readonly address: Address,
    readonly folder: TempFolder,
  ) {}

  /** Starts with `config`, in which `PORT` is the port to listen on and `DIR` the folder. */
  static async start(config: string, options: ChildOptions = {}): Promise<TestProxy> {
    const folder = await tempFolder();
    const port = freePort();
    const text = config.replaceAll("PORT", String(port)).replaceAll("DIR", folder.path);
    const file = await folder.write("h2o.conf", text);
    const address = tcp(port);
    const child = await startListening(["proxy", "-c", file], address, options);
    // The socket exists before it is served: now the checks are done and the control socket responds.
    await child.waitForLine("listening on");
    return new TestProxy(child, address, folder);
  }

  /** A proxy with one path that goes to one URL; `more` are further lines of the path. */
  static async before(
    url: string,
    more: readonly string[] = [],
    global = "",
    options: ChildOptions = {},
  ): Promise<TestProxy> {
    const lines = [`proxy.reverse.url: "${url}"`, ...more];
    return await TestProxy.start(
      `listen: {port: PORT, host: 127.0.0.1}
${global}
hosts:
  default:
    paths:
      /:
${lines.map((line) => `        ${line}`).join("\n")}
`,
      options,
    );
  }

  /**
   * A proxy with one path that goes to the upstream `app`. `servers` are our own, or words as the
   * configuration has them; `lines` are further lines of the upstream, `more` of the path.
   */
  static async beforeServers(
    servers: readonly (string | ScriptedUpstream)[],
    lines: readonly string[] = [],
    more: readonly string[] = [],
    global = "",
    options: ChildOptions = {},
  ): Promise<TestProxy> {
    const list = servers.map((one) => typeof one === "string" ? one : `127.0.0.1:${one.port}`);
    return await TestProxy.before(
      "http://app/",
      more,
      `${global}
upstreams:
  app:
    servers: [${list.map((server) => `"${server}"`).join(", ")}]
${lines.map((line) => `    ${line}`).join("\n")}`,
      options,
    );
  }

  async connect(): Promise<RawConnection> {
    return await RawConnection.open(this.address);
  }

  /** The response of the control listener, which the configuration places at `DIR/c.sock`. */
  async control(method: string, path: string, body = "", fields = ""): Promise<string> {
    const request = `${method} ${path} HTTP/1.1\r\nHost: c\r\n${fields}` +
      `Content-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`;
    return await rawExchange(unix(`${this.folder.path}/c.sock`), request, { idleMs: 3000 });
  }

  /** Sends one request with `Connection: close` and returns the whole response. */
  async exchange(request: string): Promise<string> {
    using connection = await this.connect();
    await connection.send(request);
    await connection.waitForClose();
    return latin1(await connection.readAll());
  }

  async get(path: string, fields = ""): Promise<string> {
    return await this.exchange(
      `GET ${path} HTTP/1.1\r\nHost: h\r\n${fields}Connection: close\r\n\r\n`,
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.child.stop();
    await this.folder[Symbol.asyncDispose]();
  }
}

/** Status and body of a response with a length or delimited by the close. */
export function parts(answer: string): { status: number; head: string; body: string } {
  const end = answer.indexOf("\r\n\r\n");
  const head = answer.slice(0, end + 2);
  return { status: Number(answer.slice(9, 12)), head, body: answer.slice(end + 4) };
}

/** The field lines of a head in lower case, without those named. */
export function fieldLines(head: string, ...without: string[]): string[] {
  return head.split("\r\n").slice(1).filter((line) => line !== "")
    .map((line) => line.replace(/^[^:]+/, (name) => name.toLowerCase()))
    .filter((line) => !without.includes(line.split(":")[0]));
}
