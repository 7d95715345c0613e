/** The Request that handlers get; its parts are created on first use. */
import { requestKeys, standIn } from "./internals.ts";
import type { HeadCopy } from "./head_copy.ts";
import type { RequestBody } from "./request_body.ts";
import { ServedHeaders } from "./served_headers.ts";

/** Source of a request's parts. */
export interface RequestOrigin {
  readonly head: HeadCopy;
  /** null: a request without a body. */
  readonly body: RequestBody | null;
  /** Aborted when the client disconnects. */
  signal(): AbortSignal;
}

/**
 * Replaces a Request at a lower cost. `instanceof Request` holds, and native functions such as
 * `new Request(request)` and `fetch(request)` find the state of a real one, created on demand.
 */
export class ServedRequest {
  readonly #origin: RequestOrigin;
  #headers: Headers | null = null;
  /** Set once `body` has been read. */
  #streamed: Response | null = null;
  /** The native Request, created when needed; it then owns the body. */
  #native: Request | null = null;

  constructor(origin: RequestOrigin) {
    this.#origin = origin;
  }

  /** The native Request of a served one. */
  static nativeOf(request: ServedRequest): Request {
    return request.#materialise();
  }

  /** The origin of a served request; null for any other object. */
  static originOf(request: object): RequestOrigin | null {
    return #origin in request ? (request as ServedRequest).#origin : null;
  }

  get method(): string {
    return this.#origin.head.method;
  }

  get url(): string {
    return this.#origin.head.url;
  }

  get headers(): Headers {
    if (this.#native !== null) return this.#native.headers;
    return this.#headers ??= new ServedHeaders(this.#origin.head) as unknown as Headers;
  }

  get signal(): AbortSignal {
    return this.#origin.signal();
  }

  get body(): ReadableStream<Uint8Array<ArrayBuffer>> | null {
    if (this.#native !== null) return this.#native.body;
    if (this.#origin.body === null) return null;
    // A Response around the stream implements the rules for bodies that are read in part.
    this.#streamed ??= new Response(this.#origin.body.stream());
    return this.#streamed.body as ReadableStream<Uint8Array<ArrayBuffer>>;
  }

  get bodyUsed(): boolean {
    if (this.#native !== null) return this.#native.bodyUsed;
    return this.#streamed?.bodyUsed ?? this.#origin.body?.used ?? false;
  }

  text(): Promise<string> {
    return this.bytes().then(textOf);
  }

  json(): Promise<unknown> {
    return this.bytes().then(valueOf);
  }

  bytes(): Promise<Uint8Array<ArrayBuffer>> {
    if (this.#native !== null) return this.#native.bytes();
    if (this.#streamed !== null) return this.#streamed.bytes();
    const { body } = this.#origin;
    if (body === null) return Promise.resolve(new Uint8Array(0));
    if (body.used) return Promise.reject(new TypeError("Body already consumed"));
    body.used = true;
    return body.collect();
  }

  async arrayBuffer(): Promise<ArrayBuffer> {
    const bytes = await this.bytes();
    const whole = bytes.byteOffset === 0 && bytes.length === bytes.buffer.byteLength;
    return whole ? bytes.buffer : bytes.slice().buffer;
  }

  async blob(): Promise<Blob> {
    return await this.#parsed(await this.bytes()).blob();
  }

  async formData(): Promise<FormData> {
    return await this.#parsed(await this.bytes()).formData();
  }

  clone(): Request {
    return this.#materialise().clone();
  }

  #parsed(bytes: Uint8Array<ArrayBuffer>): Response {
    return new Response(bytes, {
      headers: { "content-type": this.headers.get("content-type") ?? "" },
    });
  }

  #materialise(): Request {
    if (this.#native !== null) return this.#native;
    const { method, signal } = this;
    const body = this.body;
    if (body !== null && this.#origin.body !== null) this.#origin.body.used = true;
    const init = { method, headers: this.headers, signal };
    this.#native = new Request(
      this.url,
      body === null ? init : { ...init, body, duplex: "half" } as RequestInit,
    );
    return this.#native;
  }
}

const utf8 = new TextDecoder();

function textOf(bytes: Uint8Array): string {
  return utf8.decode(bytes);
}

function valueOf(bytes: Uint8Array): unknown {
  return JSON.parse(utf8.decode(bytes));
}

standIn(ServedRequest.prototype, Request, requestKeys, ServedRequest.nativeOf);
