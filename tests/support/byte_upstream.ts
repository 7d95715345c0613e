/** An upstream over HTTP/1.1 that keeps every byte that it gets, for tables of exact bytes. */
import { latin1 } from "./raw_socket.ts";

const plain = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

/** What came over one connection. */
export interface Received {
  bytes: string;
  /** The peer closed the connection. */
  isCut: boolean;
}

/**
 * Answers each complete request, by default with 200; finds where one ends by code of its own. After
 * an answer with `Connection: close` it closes.
 */
export class ByteUpstream implements AsyncDisposable {
  readonly connections: Received[] = [];
  readonly #listener: Deno.TcpListener;
  readonly #open = new Set<Deno.Conn>();
  readonly #serving: Promise<void>[] = [];
  readonly #accepting: Promise<void>;
  readonly #answer: (head: string) => string;

  constructor(answer: (head: string) => string = () => plain) {
    this.#answer = answer;
    this.#listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    this.#accepting = this.#accept();
  }

  get port(): number {
    return this.#listener.addr.port;
  }

  async #accept(): Promise<void> {
    for await (const conn of this.#listener) this.#serving.push(this.#serve(conn));
  }

  async #serve(conn: Deno.Conn): Promise<void> {
    this.#open.add(conn);
    const received: Received = { bytes: "", isCut: false };
    this.connections.push(received);
    const buffer = new Uint8Array(65_536);
    let answered = 0;
    try {
      while (true) {
        const count = await conn.read(buffer);
        if (count === null) break;
        received.bytes += latin1(buffer.subarray(0, count));
        for (
          let end = endOf(received.bytes, answered);
          end > answered;
          end = endOf(received.bytes, answered)
        ) {
          const answer = this.#answer(received.bytes.slice(answered, end));
          answered = end;
          await conn.write(Uint8Array.from(answer, (letter) => letter.charCodeAt(0)));
          if (/^connection: close/im.test(answer)) return this.#close(conn, received);
        }
      }
    } catch (error) {
      // The proxy ends a connection in the middle of a request with a reset.
      if (!isReset(error)) throw error;
    }
    this.#close(conn, received);
  }

  #close(conn: Deno.Conn, received: Received): void {
    received.isCut = true;
    if (this.#open.delete(conn)) conn.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    for (const conn of this.#open) conn.close();
    this.#open.clear();
    await this.#accepting;
    await Promise.all(this.#serving);
  }
}

/** Where the request from `start` ends; -1 when it is not complete. */
function endOf(bytes: string, start: number): number {
  const headEnd = bytes.indexOf("\r\n\r\n", start);
  if (headEnd < 0) return -1;
  const head = bytes.slice(start, headEnd + 2);
  const from = headEnd + 4;
  if (!/^transfer-encoding: chunked\r$/im.test(head)) {
    const length = Number(/^content-length: *(\d+)\r$/im.exec(head)?.[1] ?? 0);
    return bytes.length >= from + length ? from + length : -1;
  }
  for (let at = from;;) {
    const lineEnd = bytes.indexOf("\r\n", at);
    if (lineEnd < 0) return -1;
    const size = parseInt(bytes.slice(at, lineEnd), 16);
    if (size > 0) {
      at = lineEnd + 2 + size + 2;
      continue;
    }
    // The line of the last chunk and its trailers end with an empty line.
    const end = bytes.indexOf("\r\n\r\n", lineEnd);
    return end < 0 ? -1 : end + 4;
  }
}

function isReset(error: unknown): boolean {
  return error instanceof Deno.errors.ConnectionReset || error instanceof Deno.errors.BadResource ||
    error instanceof Deno.errors.Interrupted || error instanceof Deno.errors.BrokenPipe;
}
