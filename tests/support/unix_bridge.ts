/** Forwards a TCP port to a unix socket, byte for byte, for clients without unix socket support. */
import { connectTo, unix } from "./raw_socket.ts";

/** A running bridge. `await using` closes it with its connections. */
export class UnixBridge implements AsyncDisposable {
  readonly port: number;
  readonly #listener: Deno.TcpListener;
  readonly #path: string;
  readonly #conns = new Set<Deno.Conn>();
  readonly #work: Promise<void>;
  #isClosing = false;

  /** Each connection to the bridge's port opens one connection to the socket at `path`. */
  constructor(path: string) {
    this.#path = path;
    this.#listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    this.port = this.#listener.addr.port;
    this.#work = this.#accept();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosing = true;
    this.#listener.close();
    for (const conn of this.#conns) close(conn);
    await this.#work;
  }

  async #accept(): Promise<void> {
    const pairs: Promise<void>[] = [];
    while (!this.#isClosing) {
      const client = await this.#listener.accept().catch(() => null);
      if (client === null) break;
      pairs.push(this.#join(client));
    }
    await Promise.all(pairs);
  }

  async #join(client: Deno.Conn): Promise<void> {
    this.#conns.add(client);
    // The client sees a refused connection as a close without any bytes.
    const server = await connectTo(unix(this.#path)).catch(() => null);
    if (server !== null) {
      this.#conns.add(server);
      await Promise.all([pump(client, server), pump(server, client)]);
      this.#conns.delete(server);
      close(server);
    }
    this.#conns.delete(client);
    close(client);
  }
}

/** Copies until the end of `from`, then ends `to`. A reset on either side ends both. */
async function pump(from: Deno.Conn, to: Deno.Conn): Promise<void> {
  const buffer = new Uint8Array(64 * 1024);
  try {
    for (let count = await from.read(buffer); count !== null; count = await from.read(buffer)) {
      for (let sent = 0; sent < count;) sent += await to.write(buffer.subarray(sent, count));
    }
    await to.closeWrite();
  } catch {
    close(from);
    close(to);
  }
}

function close(conn: Deno.Conn): void {
  try {
    conn.close();
  } catch (error) {
    // Already closed by the other direction.
    if (!(error instanceof Deno.errors.BadResource)) throw error;
  }
}
