/**
 * A scripted HTTP/2 server on Deno's own sockets: the test decides what each request gets, frame by
 * frame. It uses no code under test and does not decode fields.
 */

export const Type = {
  data: 0,
  headers: 1,
  rstStream: 3,
  settings: 4,
  ping: 6,
  goaway: 7,
  windowUpdate: 8,
} as const;
export const Setting = { maxConcurrentStreams: 3, initialWindowSize: 4 } as const;
/** Codes of RFC 9113 7. */
export const Code = {
  noError: 0,
  internalError: 2,
  refusedStream: 7,
  cancel: 8,
  http11Required: 13,
} as const;

const prefaceBytes = 24;
const endStream = 1;
/** `:status: 200` of HPACK's static table. */
const okBlock = Uint8Array.of(0x88);

export interface Http2ServerOptions {
  /** Sent at once in SETTINGS. */
  readonly settings?: readonly (readonly [id: number, value: number])[];
  /** A request has arrived with its whole body; default: it is answered. */
  readonly onRequest?: (connection: Http2Peer, id: number) => void | Promise<void>;
  /** The answer to each read of a client with HTTP/1.1; default: there is none. */
  readonly http1?: string;
  /** The head of a request whose body follows. */
  readonly onHead?: (connection: Http2Peer, id: number) => void | Promise<void>;
}

/** One connection of the server. */
export class Http2Peer {
  readonly server: Http2Server;
  /** 0 for the first. */
  readonly number: number;
  /** Requests on this connection. */
  requestCount = 0;
  /** Requests without an answer, and how many there were at most. */
  openCount = 0;
  openMax = 0;
  /** RST_STREAM frames of the client: identifier and code. */
  readonly resets: (readonly [id: number, code: number])[] = [];
  /** Field blocks in the order of their arrival: heads, and trailers, which end their stream. */
  readonly blocks: { readonly id: number; readonly ends: boolean; readonly bytes: Uint8Array }[] =
    [];
  /** Bytes of DATA by stream. */
  readonly bodyBytes = new Map<number, number>();
  readonly #conn: Deno.Conn;
  #output: Promise<void> = Promise.resolve();

  constructor(server: Http2Server, number: number, conn: Deno.Conn) {
    this.server = server;
    this.number = number;
    this.#conn = conn;
  }

  frame(type: number, flags: number, id: number, payload: Uint8Array): void {
    const bytes = new Uint8Array(9 + payload.length);
    const view = new DataView(bytes.buffer);
    view.setUint32(0, payload.length << 8 | type);
    bytes[4] = flags;
    view.setUint32(5, id);
    bytes.set(payload, 9);
    this.#output = this.#output.then(() => this.#send(bytes)).catch(ignoreEnd);
  }

  async #send(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length;) at += await this.#conn.write(bytes.subarray(at));
  }

  /** A whole response. */
  answer(id: number, body = "ok"): void {
    this.head(id);
    this.data(id, body, true);
  }

  head(id: number): void {
    this.frame(Type.headers, 4, id, okBlock);
  }

  data(id: number, text: string, ends: boolean): void {
    if (ends) this.openCount--;
    this.frame(Type.data, ends ? endStream : 0, id, new TextEncoder().encode(text));
  }

  reset(id: number, code: number): void {
    this.openCount--;
    this.frame(Type.rstStream, 0, id, words(code));
  }

  goaway(lastId: number, code: number = Code.noError): void {
    this.frame(Type.goaway, 0, 0, words(lastId, code));
  }

  settings(pairs: readonly (readonly [id: number, value: number])[]): void {
    const payload = new Uint8Array(6 * pairs.length);
    pairs.forEach(([id, value], index) => {
      new DataView(payload.buffer).setUint16(6 * index, id);
      new DataView(payload.buffer).setUint32(6 * index + 2, value);
    });
    this.frame(Type.settings, 0, 0, payload);
  }

  windowUpdate(id: number, increment: number): void {
    this.frame(Type.windowUpdate, 0, id, words(increment));
  }

  /** Closes after what was sent. */
  async close(): Promise<void> {
    await this.#output;
    try {
      this.#conn.close();
    } catch (error) {
      ignoreEnd(error);
    }
  }

  async serve(): Promise<void> {
    let held = new Uint8Array(0);
    let isOpen = false;
    const { settings = [], http1 } = this.server.options;
    if (http1 === undefined) this.settings(settings);
    for await (const chunk of this.#conn.readable) {
      if (http1 !== undefined && !isOpen) {
        // The preface begins with PRI.
        if (chunk[1] !== 0x52) {
          this.server.http1Requests.push(new TextDecoder().decode(chunk).split(" HTTP/")[0]);
          this.#output = this.#output.then(() => this.#send(new TextEncoder().encode(http1)));
          continue;
        }
        this.settings(settings);
      }
      held = joined(held, chunk);
      let at = isOpen ? 0 : prefaceBytes;
      if (held.length < at) continue;
      isOpen = true;
      while (held.length - at >= 9) {
        const length = held[at] << 16 | held[at + 1] << 8 | held[at + 2];
        if (held.length - at < 9 + length) break;
        await this.#onFrame(held.subarray(at, at + 9), held.subarray(at + 9, at + 9 + length));
        at += 9 + length;
      }
      held = held.slice(at);
    }
  }

  async #onFrame(header: Uint8Array, payload: Uint8Array): Promise<void> {
    const id = new DataView(header.buffer, header.byteOffset).getUint32(5);
    const isLast = (header[4] & endStream) !== 0;
    switch (header[3]) {
      case Type.settings:
        if (!isLast) this.frame(Type.settings, 1, 0, new Uint8Array(0));
        return;
      case Type.rstStream:
        this.openCount--;
        this.resets.push([id, new DataView(payload.buffer, payload.byteOffset).getUint32(0)]);
        return;
      case Type.headers:
        this.blocks.push({ id, ends: isLast, bytes: payload.slice() });
        // Those that come second are trailers.
        if (this.blocks.some((other) => other.id === id && !other.ends) && isLast) break;
        this.requestCount++;
        this.openMax = Math.max(this.openMax, ++this.openCount);
        if (!isLast) await this.server.options.onHead?.(this, id);
        break;
      case Type.data:
        this.bodyBytes.set(id, (this.bodyBytes.get(id) ?? 0) + payload.length);
    }
    if (!isLast || (header[3] !== Type.headers && header[3] !== Type.data)) return;
    const { onRequest } = this.server.options;
    if (onRequest === undefined) this.answer(id);
    else await onRequest(this, id);
  }
}

/** A server on a free port of 127.0.0.1. */
export class Http2Server implements AsyncDisposable {
  readonly options: Http2ServerOptions;
  readonly connections: Http2Peer[] = [];
  /** Methods and targets that came over HTTP/1.1. */
  readonly http1Requests: string[] = [];
  readonly #listener: Deno.TcpListener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #tasks: Promise<void>[] = [];

  constructor(options: Http2ServerOptions = {}) {
    this.options = options;
    this.#tasks.push(this.#accept());
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#listener.addr as Deno.NetAddr).port}/`;
  }

  /** Requests on all connections. */
  get requestCount(): number {
    return this.connections.reduce((sum, { requestCount }) => sum + requestCount, 0);
  }

  async #accept(): Promise<void> {
    try {
      for await (const conn of this.#listener) {
        // Each frame is a write of its own, which would wait for the client's delayed ACK.
        conn.setNoDelay(true);
        const peer = new Http2Peer(this, this.connections.length, conn);
        this.connections.push(peer);
        this.#tasks.push(peer.serve().catch(ignoreEnd));
      }
    } catch (error) {
      ignoreEnd(error);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    await Promise.all(this.connections.map((connection) => connection.close()));
    await Promise.all(this.#tasks);
  }
}

function words(...values: number[]): Uint8Array {
  const bytes = new Uint8Array(4 * values.length);
  values.forEach((value, index) => new DataView(bytes.buffer).setUint32(4 * index, value));
  return bytes;
}

function joined(first: Uint8Array, second: Uint8Array): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(first.length + second.length);
  bytes.set(first);
  bytes.set(second, first.length);
  return bytes;
}

/** The client closes when its run is over, in the middle of a frame, too. */
function ignoreEnd(error: unknown): void {
  const ends = [
    Deno.errors.BadResource,
    Deno.errors.BrokenPipe,
    Deno.errors.ConnectionReset,
    Deno.errors.Interrupted,
  ];
  if (!ends.some((end) => error instanceof end)) throw error;
}
