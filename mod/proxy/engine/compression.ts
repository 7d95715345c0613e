/** `compress`: whether a response is compressed, and the stream that does it. */
import type { PeerError } from "../../base/errors.ts";
import type { Exchange } from "../../conn/exchange.ts";
import type { CompressPlan } from "../plan.ts";
import type { EngineHome } from "./engine_home.ts";
import type { ExchangeState } from "./exchange_state.ts";
import type { Field } from "./field_rules.ts";

export type Encoding = "br" | "gzip";

/** Types worth compressing (h2o's table marks text, JSON, XML, scripts and SVG). */
const compressible =
  /^(text\/|application\/(json|javascript|xml|x-javascript|wasm|[\w.+-]+\+(json|xml))|image\/svg\+xml)/i;

/** The encoding to use for a response to a request with this Accept-Encoding, or null. */
export function chooseEncoding(
  plan: CompressPlan,
  bytesMin: number,
  acceptEncoding: string,
  status: number,
  contentLength: number,
  fields: readonly Field[],
): Encoding | null {
  if (status < 200 || status === 204 || status === 206 || status === 304) {
    return null;
  }
  if (contentLength >= 0 && contentLength < bytesMin) return null;
  const value = (name: string) =>
    fields.find((field) => field.name.toLowerCase() === name)?.value ?? "";
  if (
    value("content-encoding") !== "" ||
    /\bno-transform\b/i.test(value("cache-control"))
  ) return null;
  if (!compressible.test(value("content-type"))) return null;
  for (const encoding of plan.encodings) {
    if (encoding !== "zstd" && isAccepted(acceptEncoding, encoding)) {
      return encoding;
    }
  }
  return null;
}

/** RFC 9110 12.5.3; `q=0` refuses. */
function isAccepted(acceptEncoding: string, encoding: string): boolean {
  let fallback = false;
  for (const item of acceptEncoding.split(",")) {
    const [name, ...parameters] = item.split(";").map((part) => part.trim().toLowerCase());
    const quality = parameters.find((parameter) => parameter.startsWith("q="));
    const isRefused = quality !== undefined && Number(quality.slice(2)) === 0;
    if (name === encoding) return !isRefused;
    if (name === "*") fallback = !isRefused;
  }
  return fallback;
}

/** The fields of a compressed response: its length is unknown, its validator a weak one. */
export function compressedFields(
  fields: readonly Field[],
  encoding: Encoding,
): Field[] {
  const result = fields.map(({ name, value }) => {
    const isStrong = name.toLowerCase() === "etag" && !value.startsWith("W/");
    return { name, value: isStrong ? `W/${value}` : value };
  });
  const vary = result.find((field) => field.name.toLowerCase() === "vary");
  if (vary === undefined) {
    result.push({ name: "vary", value: "accept-encoding" });
  } else if (!/\baccept-encoding\b|\*/i.test(vary.value)) {
    vary.value += ", accept-encoding";
  }
  return [
    ...result.filter((field) => field.name.toLowerCase() !== "accept-ranges"),
    { name: "content-encoding", value: encoding },
  ];
}

/** Where the bytes to compress come from, and who still takes the request's body. */
export interface CompressionSource extends ExchangeState {
  pauseResponse(): void;
  resumeResponse(): void;
  /** The client is gone, or nothing can be sent to it: stop what is under way. */
  cancelResponse(): void;
}

/** Bytes handed to the compressor and not yet taken by it: beyond, the upstream is slowed down. */
const waitingBytesMax = 65_536;

/** Compresses a body on the way to the client; takes the exchange over until its end. */
export class CompressedBody implements ExchangeState {
  readonly #x: Exchange;
  readonly #serial: number;
  readonly #home: EngineHome;
  /** null once all of the body has come. */
  #source: CompressionSource | null;
  readonly #writer: WritableStreamDefaultWriter<BufferSource>;
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  #waitingBytes = 0;
  #isOver = false;
  #onRoom: () => void = () => {};

  /** The head has been sent. */
  constructor(x: Exchange, home: EngineHome, source: CompressionSource, encoding: Encoding) {
    this.#x = x;
    this.#serial = x.serial;
    this.#home = home;
    this.#source = source;
    const format = encoding === "br" ? "brotli" : encoding;
    const stream = new CompressionStream(format as CompressionFormat);
    this.#writer = stream.writable.getWriter();
    this.#reader = stream.readable.getReader();
    // Promises do the work: the reactor must give Deno's loop its turns meanwhile.
    home.reactor.beginAsync();
    this.#pump().catch(() => this.#fail());
  }

  /** A part of the body; copied, because the caller's buffer is filled again. */
  write(bytes: Uint8Array, start: number, end: number): void {
    if (this.#isOver) return;
    this.#waitingBytes += end - start;
    if (this.#waitingBytes > waitingBytesMax) this.#source?.pauseResponse();
    this.#writer.write(bytes.slice(start, end)).then(
      () => this.#onTaken(end - start),
      () => this.#fail(),
    );
  }

  /** All of the body has come; the source is not asked again. */
  end(): void {
    this.#source = null;
    if (!this.#isOver) this.#writer.close().catch(() => this.#fail());
  }

  /** The source broke off: so does the response. */
  cut(): void {
    this.#source = null;
    if (this.#close()) this.#x.abort();
  }

  onBody(x: Exchange, bytes: Uint8Array, start: number, end: number): void {
    this.#source?.onBody(x, bytes, start, end);
  }

  onBodyEnd(x: Exchange): void {
    this.#source?.onBodyEnd(x);
  }

  onDrain(): void {
    this.#onRoom();
  }

  onAbort(x: Exchange, error: PeerError): void {
    this.#close();
    this.#source?.cancelResponse();
    this.#home.metrics.clientAborts++;
    this.#home.logAccess(x, 499, error.message);
  }

  #onTaken(count: number): void {
    this.#waitingBytes -= count;
    if (!this.#isOver && this.#waitingBytes <= waitingBytesMax) this.#source?.resumeResponse();
  }

  /** Passes on what the compressor gives, at the client's pace. */
  async #pump(): Promise<void> {
    while (true) {
      const { done, value } = await this.#reader.read();
      if (this.#isGone()) return;
      if (done) return this.#finish();
      if (this.#x.writeBody(value, 0, value.length)) continue;
      await new Promise<void>((resolve) => this.#onRoom = resolve);
      if (this.#isGone()) return;
    }
  }

  #finish(): void {
    if (!this.#close()) return;
    this.#home.logAccess(this.#x, this.#x.status, "");
    this.#x.endBody();
  }

  #fail(): void {
    if (this.#isGone() || !this.#close()) return;
    this.#source?.cancelResponse();
    this.#x.abort();
  }

  #isGone(): boolean {
    return this.#isOver || this.#x.serial !== this.#serial;
  }

  /** False when it was closed before. */
  #close(): boolean {
    if (this.#isOver) return false;
    this.#isOver = true;
    this.#onRoom();
    // Nobody wants the rest; a stream that has ended already has nothing to cancel.
    void Promise.allSettled([this.#reader.cancel()]);
    this.#home.reactor.endAsync();
    return true;
  }
}
