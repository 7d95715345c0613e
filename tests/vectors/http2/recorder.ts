/** A session whose events and frames are recorded as text. */
import {
  defaultSectionLimits,
  defaultSessionOptions,
  errorName,
  HeadSpace,
  Session,
  type SessionOptions,
  type SessionSink,
  Stream,
} from "../../../mod/http2/mod.ts";
import { latin1, latin1Bytes } from "../../../mod/http/latin1.ts";
import { describeFault } from "../../../mod/http2/mod.ts";
import { uint32At } from "../../../mod/http2/frames/frame_reader.ts";

export const noSettings = defaultSessionOptions;

const names = "DATA HEADERS PRIORITY RST_STREAM SETTINGS PUSH_PROMISE PING GOAWAY WINDOW_UPDATE \
CONTINUATION".split(" ");

/** Frames that were written, joined again from parts of any size. */
export class Output {
  /** Calls of `write` so far. */
  writeCount = 0;
  isBlocked = false;
  /** Everything since the last `take`. */
  #parts: Uint8Array[] = [];

  write(bytes: Uint8Array, start: number, end: number): void {
    this.writeCount++;
    this.#parts.push(bytes.slice(start, end));
  }

  /** What was written since the last call. */
  take(): Uint8Array {
    const parts = this.#parts;
    this.#parts = [];
    const all = new Uint8Array(parts.reduce((count, part) => count + part.length, 0));
    let at = 0;
    for (const part of parts) {
      all.set(part, at);
      at += part.length;
    }
    return all;
  }

  /** The frames written since the last call, as text. */
  frames(): string[] {
    return describeFrames(this.take());
  }
}

/** Frames as `NAME id details`. */
export function describeFrames(bytes: Uint8Array): string[] {
  const frames: string[] = [];
  for (let at = 0; at < bytes.length;) {
    const length = bytes[at] << 16 | bytes[at + 1] << 8 | bytes[at + 2];
    const [type, flags] = bytes.subarray(at + 3, at + 5);
    const payload = at + 9;
    const value = (offset: number) => uint32At(bytes, payload + offset);
    const details = type === 0
      ? `${latin1(bytes, payload, payload + length)}${(flags & 1) !== 0 ? " END" : ""}`
      : type === 3
      ? errorName(value(0))
      : type === 7
      ? `${value(0)} ${errorName(value(4))}`
      : type === 8
      ? `+${value(0)}`
      : type === 1 || type === 9
      ? `${length}${type === 1 && (flags & 1) !== 0 ? " END" : ""}`
      : (flags & 1) !== 0
      ? "ACK"
      : "";
    frames.push(`${names[type] ?? type} ${uint32At(bytes, at + 5)} ${details}`.trim());
    at = payload + length;
  }
  return frames;
}

export interface RecorderOptions extends Partial<SessionOptions> {
  /** Answers requests when they are complete; one whose method is HOLD never. */
  readonly answers?: boolean;
  readonly consumes?: boolean;
}

/** One session with an owner that records, and by default answers each request with `200`. */
export class Recorder implements SessionSink<Stream> {
  readonly events: string[] = [];
  readonly output = new Output();
  readonly session: Session;
  readonly space: HeadSpace;
  readonly open = new Map<number, Stream>();
  /** By stream: what `onWritable` sends. */
  readonly pending = new Map<number, { bytes: Uint8Array; at: number }>();
  nowMs = 0;
  readonly #options: RecorderOptions;
  readonly #held = new Set<number>();

  constructor(options: RecorderOptions = {}, space?: HeadSpace) {
    this.#options = options;
    const all = { ...defaultSessionOptions, held: { now: 0, max: 2 ** 30 }, ...options };
    this.space = space ?? new HeadSpace(all.limits ?? defaultSectionLimits, all.tableBytesMax);
    this.session = new Session(all, this, this.output, this.space);
    this.session.start();
  }

  receive(bytes: Uint8Array, cuts: readonly number[] = []): void {
    let from = 0;
    for (const to of [...cuts, bytes.length]) {
      // Each part is at another place of its buffer, with other bytes around it.
      const buffer = new Uint8Array(to - from + 7).fill(0xee);
      buffer.set(bytes.subarray(from, to), 3);
      this.session.receive(buffer, 3, 3 + to - from, this.nowMs);
      from = to;
    }
  }

  /** Sends a head from its lines; `status` 0: trailers. */
  respond(stream: Stream, status: number, lines: string, ends: boolean): void {
    const { block } = this.space;
    const { encoder } = this.session;
    block.clear();
    encoder.begin();
    if (status > 0) encoder.status(status);
    const bytes = latin1Bytes(lines);
    encoder.lines(bytes, 0, bytes.length, null);
    this.session.writeHead(stream, block.bytes, 0, block.length, ends);
  }

  /** Opens a stream for a request. */
  request(method: string, path: string, lines: string, ends: boolean): Stream {
    const { block } = this.space;
    const { encoder } = this.session;
    const stream = this.session.open(method === "HEAD" ? 2 : 1);
    this.open.set(stream.id, stream);
    block.clear();
    encoder.begin();
    const [verb, target, host] = [latin1Bytes(method), latin1Bytes(path), latin1Bytes("a.example")];
    encoder.target(verb, 0, verb.length, false, target, 0, target.length);
    encoder.authority(host, 0, host.length);
    const bytes = latin1Bytes(lines);
    encoder.lines(bytes, 0, bytes.length, null);
    this.session.writeHead(stream, block.bytes, 0, block.length, ends);
    return stream;
  }

  /** Sends a body as fast as the peer lets us, and ends the stream. */
  send(stream: Stream, body: string | Uint8Array): void {
    const bytes = typeof body === "string" ? latin1Bytes(body) : body;
    this.pending.set(stream.id, { bytes, at: 0 });
    this.onWritable(stream);
  }

  makeStream(): Stream {
    return new Stream();
  }

  onRequest(
    stream: Stream,
    head: Parameters<SessionSink<Stream>["onRequest"]>[1],
    _: boolean,
    ends: boolean,
  ) {
    this.open.set(stream.id, stream);
    const fields = Array.from(
      { length: head.fieldCount },
      (_, i) => `${head.name(i)}=${head.value(i)}`,
    );
    const host = head.hostText();
    this.events.push(
      `request ${stream.id} ${head.methodText()} ${head.targetText()} ${host} ${fields.join("&")}`
        .trim(),
    );
    if (head.methodText() === "HOLD") this.#held.add(stream.id);
    if (ends) this.#answer(stream);
  }

  onResponse(
    stream: Stream,
    head: Parameters<SessionSink<Stream>["onResponse"]>[1],
    ends: boolean,
  ) {
    const fields = Array.from(
      { length: head.fieldCount },
      (_, i) => `${head.name(i)}=${head.value(i)}`,
    );
    this.events.push(
      `response ${stream.id} ${head.status} ${fields.join("&")}${ends ? " END" : ""}`,
    );
  }

  onRefused(stream: Stream, fault: number): void {
    this.events.push(`refused ${stream.id} ${describeFault(fault).name}`);
    this.session.reset(stream, 8);
  }

  onData(stream: Stream, bytes: Uint8Array, start: number, end: number): void {
    const last = this.events.at(-1);
    const added = latin1(bytes, start, end);
    // The parts in which data comes depend on the transport.
    if (last?.startsWith(`data ${stream.id} `)) this.events[this.events.length - 1] += added;
    else this.events.push(`data ${stream.id} ${added}`);
    if (this.#options.consumes !== false) this.session.consumed(stream, end - start);
  }

  onEnd(stream: Stream, trailers: readonly { name: string; value: string }[]): void {
    const fields = trailers.map(({ name, value }) => `${name}=${value}`).join("&");
    this.events.push(`end ${stream.id} ${fields}`.trim());
    if (this.open.has(stream.id) && this.#options.isServer !== false) this.#answer(stream);
  }

  #answer(stream: Stream): void {
    if (this.#options.answers === false || this.#held.has(stream.id)) return;
    this.respond(stream, 200, "content-length: 2\r\n", false);
    this.send(stream, "ok");
  }

  onReset(stream: Stream, code: number, byPeer: boolean): void {
    this.events.push(`reset ${stream.id} ${errorName(code)}${byPeer ? " by peer" : ""}`);
  }

  onClosed(stream: Stream): void {
    this.open.delete(stream.id);
    this.pending.delete(stream.id);
  }

  onMalformed(streamId: number, fault: number): void {
    this.events.push(`malformed ${streamId} ${describeFault(fault).name}`);
  }

  onWritable(stream: Stream): void {
    const pending = this.pending.get(stream.id);
    if (pending === undefined) return;
    const { bytes, at } = pending;
    pending.at += this.session.writeData(stream, bytes, at, bytes.length, true);
  }

  onSettings(): void {}

  onPong(): void {
    this.events.push("pong");
  }

  onGoaway(lastId: number, code: number): void {
    this.events.push(`goaway ${lastId} ${errorName(code)}`);
  }

  onFailure(code: number, reason: string): void {
    this.events.push(`failure ${errorName(code)} ${reason}`);
  }
}
