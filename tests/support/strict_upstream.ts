/**
 * An upstream that reads requests strictly by RFC 9112 section 6 and records them. It does not use
 * our own codec, in order to find that codec's mistakes.
 */
import { latin1 } from "./raw_socket.ts";

/** One request as received. */
export interface SeenRequest {
  readonly method: string;
  readonly target: string;
  readonly head: string;
  readonly body: string;
  /** 1 for the first connection of the upstream. */
  readonly connection: number;
}

/** Returns the bytes of a response. One with `Connection: close` closes the connection. */
export type AnswerTo = (request: SeenRequest) => string;

export class StrictUpstream implements AsyncDisposable {
  readonly requests: SeenRequest[] = [];
  /** Input that is not a request, or whose end two readers could place differently. */
  readonly faults: string[] = [];
  connectionCount = 0;
  readonly #listener: Deno.TcpListener;
  readonly #open = new Set<Deno.Conn>();
  readonly #serving: Promise<void>[] = [];
  readonly #accepting: Promise<void>;

  private constructor(answer: AnswerTo) {
    this.#listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    this.#accepting = this.#accept(answer);
  }

  static start(answer: AnswerTo): StrictUpstream {
    return new StrictUpstream(answer);
  }

  get port(): number {
    return this.#listener.addr.port;
  }

  /** Methods and targets in order of arrival. */
  get lines(): string[] {
    return this.requests.map(({ method, target }) => `${method} ${target}`);
  }

  async #accept(answer: AnswerTo): Promise<void> {
    for await (const conn of this.#listener) {
      this.#open.add(conn);
      this.#serving.push(this.#serve(conn, ++this.connectionCount, answer));
    }
  }

  async #serve(conn: Deno.Conn, connection: number, answer: AnswerTo): Promise<void> {
    const reader = new Reader(conn);
    try {
      for (;;) {
        const head = await reader.until("\r\n\r\n");
        if (head === null) return;
        const request = await this.#read(reader, head, connection);
        if (request === null) return;
        this.requests.push(request);
        const bytes = answer(request);
        await conn.write(Uint8Array.from(bytes, (char) => char.charCodeAt(0)));
        if (/^connection: close/im.test(bytes)) return;
      }
    } catch (error) {
      // The proxy may close the connection at any time.
      if (!isCut(error)) throw error;
    } finally {
      if (this.#open.delete(conn)) conn.close();
    }
  }

  async #read(reader: Reader, head: string, connection: number): Promise<SeenRequest | null> {
    const [line, ...fields] = head.slice(0, -4).split("\r\n");
    const match = /^([A-Z]+) (\/[^\s]*|\*) HTTP\/1\.1$/.exec(line);
    const broken = fields.find((field) => !/^[!#$%&'*+.^_`|~0-9A-Za-z-]+:[^\r\n\0]*$/.test(field));
    if (match === null || broken !== undefined) return this.#fault(`no request: ${head}`);
    const values = (name: string) =>
      fields.filter((field) => field.toLowerCase().startsWith(`${name}:`))
        .map((field) => field.slice(name.length + 1).trim());
    const lengths = values("content-length");
    const codings = values("transfer-encoding");
    if (values("host").length !== 1) return this.#fault(`not one Host: ${head}`);
    if (lengths.length + codings.length > 1) return this.#fault(`two framings: ${head}`);
    let body: string | null = "";
    if (codings.length > 0) body = codings[0] === "chunked" ? await reader.chunks() : null;
    else if (lengths.length > 0) {
      body = /^(0|[1-9][0-9]*)$/.test(lengths[0]) ? await reader.count(Number(lengths[0])) : null;
    }
    if (body === null) return null;
    return { method: match[1], target: match[2], head, body, connection };
  }

  #fault(what: string): null {
    this.faults.push(what);
    return null;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    for (const conn of this.#open) conn.close();
    this.#open.clear();
    await this.#accepting;
    await Promise.allSettled(this.#serving);
  }
}

function isCut(error: unknown): boolean {
  return error instanceof Deno.errors.BadResource || error instanceof Deno.errors.Interrupted ||
    error instanceof Deno.errors.ConnectionReset || error instanceof Deno.errors.BrokenPipe;
}

/** Reads lines and blocks from a connection; null at its end. */
class Reader {
  readonly #conn: Deno.Conn;
  readonly #chunk = new Uint8Array(16_384);
  #text = "";

  constructor(conn: Deno.Conn) {
    this.#conn = conn;
  }

  async until(mark: string): Promise<string | null> {
    for (;;) {
      const at = this.#text.indexOf(mark);
      if (at >= 0) return this.#take(at + mark.length);
      if (!await this.#fill()) return null;
    }
  }

  async count(length: number): Promise<string | null> {
    while (this.#text.length < length) if (!await this.#fill()) return null;
    return this.#take(length);
  }

  async chunks(): Promise<string | null> {
    for (let body = "";;) {
      const line = await this.until("\r\n");
      if (line === null || !/^[0-9a-f]+\r\n$/.test(line)) return null;
      const size = parseInt(line, 16);
      if (size === 0) return await this.#trailers() ? body : null;
      const data = await this.count(size + 2);
      if (data === null || !data.endsWith("\r\n")) return null;
      body += data.slice(0, -2);
    }
  }

  /** Trailer fields up to the empty line; false for a line that is none, or that frames a body. */
  async #trailers(): Promise<boolean> {
    for (;;) {
      const line = await this.until("\r\n");
      if (line === "\r\n") return true;
      if (line === null || !/^[!#$%&'*+.^_`|~0-9A-Za-z-]+:[^\r\n\0]*\r\n$/.test(line)) return false;
      if (/^(content|transfer).(length|encoding) *:/i.test(line)) return false;
    }
  }

  #take(length: number): string {
    const taken = this.#text.slice(0, length);
    this.#text = this.#text.slice(length);
    return taken;
  }

  async #fill(): Promise<boolean> {
    const count = await this.#conn.read(this.#chunk);
    if (count === null) return false;
    this.#text += latin1(this.#chunk.subarray(0, count));
    return true;
  }
}
