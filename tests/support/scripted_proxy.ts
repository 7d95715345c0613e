/** An HTTP proxy that the test scripts: it forwards, or gives the same answer to every request. */
import { latin1 } from "./raw_socket.ts";

/** Sent to each request, and then the connection ends; null: nothing is sent. */
export type ProxyAnswer = string | null;

export interface ScriptedProxyOptions {
  /** An answer leaves in pieces of this size. */
  readonly pieceBytes?: number;
}

/** Listens on a free port of 127.0.0.1. Requests must have no body. */
export class ScriptedProxy implements AsyncDisposable {
  /** The heads of all requests to the proxy itself. */
  readonly heads: string[] = [];
  readonly #answer: ProxyAnswer | undefined;
  readonly #pieceBytes: number;
  readonly #listener: Deno.TcpListener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #open = new Set<Deno.Conn>();
  readonly #tasks: Promise<void>[] = [];

  /** Without an answer it does what a proxy does. */
  constructor(answer?: ProxyAnswer, { pieceBytes = Infinity }: ScriptedProxyOptions = {}) {
    this.#answer = answer;
    this.#pieceBytes = pieceBytes;
    this.#tasks.push(this.#accept());
  }

  get url(): string {
    return `http://127.0.0.1:${this.#listener.addr.port}`;
  }

  async #accept(): Promise<void> {
    for await (const conn of this.#listener) {
      conn.setNoDelay(true);
      this.#open.add(conn);
      this.#tasks.push(this.#serve(conn).catch(ignoreEnd).finally(() => this.#close(conn)));
    }
  }

  async #serve(conn: Deno.Conn): Promise<void> {
    let held = "";
    const buffer = new Uint8Array(65_536);
    for (;;) {
      for (let end = held.indexOf("\r\n\r\n"); end >= 0; end = held.indexOf("\r\n\r\n")) {
        const head = held.slice(0, end + 4);
        held = held.slice(end + 4);
        this.heads.push(head);
        if (this.#answer === undefined) {
          if (head.startsWith("CONNECT ")) return await this.#tunnel(conn, head);
          await this.#forward(conn, head);
        } else if (this.#answer !== null) return await this.#send(conn, this.#answer);
      }
      const count = await conn.read(buffer);
      if (count === null) return;
      held += latin1(buffer.subarray(0, count));
    }
  }

  /** Sends, and ends after the client: to close with unread bytes would reset the connection. */
  async #send(conn: Deno.Conn, text: string): Promise<void> {
    for (let at = 0; at < text.length; at += this.#pieceBytes) {
      await writeAll(conn, text.slice(at, at + this.#pieceBytes));
    }
    await conn.closeWrite();
    const buffer = new Uint8Array(65_536);
    while (await conn.read(buffer) !== null) continue;
  }

  async #tunnel(conn: Deno.Conn, head: string): Promise<void> {
    const server = await this.#connect(head.split(" ")[1]);
    await writeAll(conn, "HTTP/1.1 200 Connection established\r\n\r\n");
    const ends = [conn.readable.pipeTo(server.writable), server.readable.pipeTo(conn.writable)];
    await Promise.all(ends.map((end) => end.catch(ignoreEnd)));
  }

  /** One request and its response, which has a Content-Length. */
  async #forward(conn: Deno.Conn, head: string): Promise<void> {
    const [method, target] = head.split(" ");
    const { host, pathname, search } = new URL(target);
    const server = await this.#connect(host);
    const line = `${method} ${pathname}${search} HTTP/1.1\r\nConnection: close\r\n`;
    const fields = head.slice(head.indexOf("\r\n") + 2).replace(/^Proxy-.*\r\n/gim, "");
    await writeAll(server, line + fields);
    let response = "";
    const buffer = new Uint8Array(65_536);
    while (!/\r\n\r\nok$/.test(response)) {
      const count = await server.read(buffer);
      if (count === null) break;
      response += latin1(buffer.subarray(0, count));
    }
    this.#close(server);
    await writeAll(conn, response);
  }

  async #connect(authority: string): Promise<Deno.TcpConn> {
    const { hostname, port } = new URL(`http://${authority}`);
    const server = await Deno.connect({ hostname, port: Number(port) || 80 });
    this.#open.add(server);
    return server;
  }

  #close(conn: Deno.Conn): void {
    if (!this.#open.delete(conn)) return;
    try {
      conn.close();
    } catch (error) {
      ignoreEnd(error);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    for (const conn of [...this.#open]) this.#close(conn);
    await Promise.all(this.#tasks);
  }
}

async function writeAll(conn: Deno.Conn, text: string): Promise<void> {
  const bytes = Uint8Array.from(text, (letter) => letter.charCodeAt(0));
  for (let at = 0; at < bytes.length;) at += await conn.write(bytes.subarray(at));
}

/** Both sides end their connections when they like. */
function ignoreEnd(error: unknown): void {
  const ends = [
    Deno.errors.BadResource,
    Deno.errors.BrokenPipe,
    Deno.errors.ConnectionReset,
    Deno.errors.Interrupted,
  ];
  if (error instanceof TypeError || ends.some((end) => error instanceof end)) return;
  throw error;
}
