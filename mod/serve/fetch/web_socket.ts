/** The server side of a WebSocket, with the interface of the browser's WebSocket class. */
import type { PeerError } from "../../base/errors.ts";
import type { TakenSocket } from "../../conn/exchange/exchange.ts";
import type { Socket, SocketHandler } from "../../net/reactor.ts";
import { delay } from "../../std/async.ts";
import { CloseCode, closePayload, makeFrame, Opcode } from "../../web_socket/frames.ts";
import { ServedMessageEvent } from "./message_event.ts";
import { Linger } from "./web_socket_linger.ts";
import { FrameQueue } from "./web_socket_output.ts";
import { type FrameHandler, FrameReader } from "../../web_socket/frame_reader.ts";

/** Bounds on what a client can make a WebSocket buffer. */
export interface WebSocketLimits {
  /**
   * Largest message from a client; a larger one closes with code 1009. The connection is reset when
   * the app sends with more than four times as much queued for the client.
   */
  readonly messageBytesMax: number;
  /** How long queued output may make no progress before a reset; 0: no limit. */
  readonly writeTimeoutMs: number;
}

/**
 * Pongs queued for a client that does not read. Of further pings only the latest is answered, as RFC
 * 6455 section 5.5.3 allows.
 */
const queuedPongsMax = 16;
/** Queued output at which the app's next message resets the connection, in largest messages. */
const queuedMessagesMax = 4;
/** Output collected while input is processed, before it is flushed. */
const corkedBytesMax = 65_536;
/** How long the client may take to answer a close frame. */
const closeTimeoutMs = 5000;

const State = { connecting: 0, open: 1, closing: 2, closed: 3 } as const;

/** Open sockets, which are closed when the server stops. */
const alive = new Set<ServedWebSocket>();

/** Sends every client "going away" (1001); resolves when all sockets are closed. */
export async function closeWebSockets(): Promise<void> {
  for (const socket of alive) socket.goAway();
  while (alive.size > 0) await delay(20);
}

type Listener<T extends Event> = ((event: T) => void) | null;

export class ServedWebSocket extends EventTarget implements SocketHandler, FrameHandler {
  readonly url: string;
  static readonly CONNECTING = State.connecting;
  static readonly OPEN = State.open;
  static readonly CLOSING = State.closing;
  static readonly CLOSED = State.closed;
  readonly CONNECTING = State.connecting;
  readonly OPEN = State.open;
  readonly CLOSING = State.closing;
  readonly CLOSED = State.closed;
  readonly extensions = "";
  readonly protocol: string;
  binaryType: "blob" | "arraybuffer" = "blob";
  onopen: Listener<Event> = null;
  onmessage: Listener<MessageEvent> = null;
  onclose: Listener<CloseEvent> = null;
  onerror: Listener<Event> = null;
  readonly #idleMs: number;
  readonly #limits: WebSocketLimits;
  readonly #reader: FrameReader;
  readonly #output = new FrameQueue();
  /** Frames are collected while input is processed. */
  #isCorked = false;
  /** The socket has not accepted all of the output. */
  #isBlocked = false;
  #queuedPongs = 0;
  #latestPong: Uint8Array | null = null;
  #writeTimer = 0;
  /** Messages whose blob is being read, and those after it: number, bytes, and the last one's end. */
  #blobsPending = 0;
  #blobBytes = 0;
  #blobs: Promise<void> | null = null;
  /** Besides `onmessage` and the like. */
  #hasListeners = false;
  #state: number = State.connecting;
  #socket: Socket | null = null;
  #onOver: (() => void) | null = null;
  #timer = 0;
  /** When the client last sent something, on the clock of `performance.now()`. */
  #heardMs = 0;
  #pinged = false;
  #closeSent = false;
  #earlyClose: { readonly code: number; readonly reason: string } | null = null;

  constructor(
    url: string,
    options: { protocol?: string; idleTimeout?: number },
    limits: WebSocketLimits,
  ) {
    super();
    this.url = url;
    this.#limits = limits;
    this.#reader = FrameReader.ofServer(this, limits.messageBytesMax);
    this.protocol = options.protocol ?? "";
    this.#idleMs = (options.idleTimeout ?? 30) * 1000;
  }

  get readyState(): number {
    return this.#state;
  }

  /** Bytes queued for the client, frame heads included. */
  get bufferedAmount(): number {
    return this.#output.length + this.#blobBytes;
  }

  /**
   * Takes the connection over; the response with status 101 has been sent. `onOver` is called once,
   * when the socket has closed.
   */
  open({ socket, early, hasEnded }: TakenSocket, onOver: (() => void) | null = null): void {
    this.#socket = socket;
    this.#onOver = onOver;
    alive.add(this);
    socket.handler = this;
    if (this.#state === State.closing) return this.#closeOpened(socket);
    this.#state = State.open;
    this.#heardMs = performance.now();
    this.#watchIdle(this.#idleMs);
    this.#emit(new Event("open"));
    if (early.length > 0) this.#read(early, 0, early.length);
    if (hasEnded) return this.onEnd();
    // Frames that arrived before the response may have paused it.
    this.#socket?.resume();
  }

  send(data: string | ArrayBufferLike | ArrayBufferView | Blob): void {
    if (this.#state === State.connecting) {
      throw new DOMException("the socket is still connecting", "InvalidStateError");
    }
    if (this.#state !== State.open) return;
    if (this.bufferedAmount > queuedMessagesMax * this.#limits.messageBytesMax) {
      // As in a browser whose buffer is full, the connection fails (WHATWG WebSockets, send()).
      return this.#fail(`the client reads too slowly: ${this.bufferedAmount} bytes are queued`);
    }
    if (typeof data === "string" && this.#blobs === null) return this.#sendText(data);
    if (data instanceof Blob) return this.#sendBlob(data);
    const isText = typeof data === "string";
    const payload = isText ? new TextEncoder().encode(data) : bytesOf(data);
    const opcode = isText ? Opcode.text : Opcode.binary;
    if (this.#blobs === null) return this.#sendFrame(opcode, payload);
    // To keep the order, this message waits for the blobs before it.
    this.#sendLater(payload.length, Promise.resolve(payload.slice()), opcode);
  }

  close(code: number = CloseCode.noStatus, reason = ""): void {
    if (code !== CloseCode.noStatus && code !== 1000 && !(code >= 3000 && code <= 4999)) {
      throw new DOMException(`${code} is not 1000 or from 3000 to 4999`, "InvalidAccessError");
    }
    if (new TextEncoder().encode(reason).length > 123) {
      throw new DOMException("the reason is longer than 123 bytes", "SyntaxError");
    }
    this.#beginClose(code, reason);
  }

  /** Closes with 1001 because the server stops. */
  goAway(): void {
    this.#beginClose(CloseCode.goingAway, "");
  }

  #beginClose(code: number, reason: string): void {
    if (this.#state >= State.closing) return;
    const wasConnecting = this.#state === State.connecting;
    this.#state = State.closing;
    if (wasConnecting) this.#earlyClose = { code, reason };
    else if (this.#blobs === null) this.#sendClose(code, reason);
    else this.#blobs.then(() => this.#sendClose(code, reason));
    if (!wasConnecting) this.#awaitClose();
  }

  /** The app has closed the socket before its response was sent. */
  #closeOpened(socket: Socket): void {
    const { code, reason } = this.#earlyClose!;
    this.#sendClose(code, reason);
    this.#awaitClose();
    socket.resume();
  }

  #awaitClose(): void {
    this.#arm(closeTimeoutMs, () => this.#finish(CloseCode.abnormal, "", false));
  }

  onOpen(): void {}

  onData(_socket: Socket, bytes: Uint8Array, start: number, end: number): void {
    this.#pinged = false;
    this.#heardMs = performance.now();
    this.#read(bytes, start, end);
  }

  onDrain(): void {
    this.#flush();
  }

  #read(bytes: Uint8Array, start: number, end: number): void {
    this.#isCorked = true;
    this.#reader.push(bytes, start, end);
    this.#isCorked = false;
    if (this.#output.length > 0 && !this.#isBlocked) this.#flush();
  }

  onEnd(): void {
    this.#finish(CloseCode.abnormal, "", false);
  }

  onClose(_socket: Socket, error: PeerError): void {
    this.#socket = null;
    this.#emit(new ErrorEvent("error", { message: error.message }));
    this.#finish(CloseCode.abnormal, "", false);
  }

  onText(text: string): void {
    if (this.#state < State.closing) this.#emitMessage(text);
  }

  onBinary(payload: Uint8Array<ArrayBuffer>): void {
    if (this.#state >= State.closing) return;
    this.#emitMessage(this.binaryType === "blob" ? new Blob([payload]) : payload.buffer);
  }

  onPing(payload: Uint8Array<ArrayBuffer>): void {
    if (this.#state !== State.open) return;
    const pong = makeFrame(Opcode.pong, payload);
    if (!this.#isBlocked) return this.#write(pong);
    if (this.#queuedPongs === queuedPongsMax) return void (this.#latestPong = pong);
    this.#queuedPongs++;
    this.#write(pong);
  }

  onPong(): void {
    this.#pinged = false;
  }

  onCloseFrame(code: number, reason: string): void {
    this.#sendClose(code, "");
    this.#finish(code, reason, true);
  }

  onViolation(code: number): void {
    this.#sendClose(code, "");
    this.#emit(new ErrorEvent("error", { message: `the client violated the protocol (${code})` }));
    this.#finish(code, "", false);
  }

  #sendClose(code: number, reason: string): void {
    if (this.#closeSent) return;
    this.#closeSent = true;
    this.#write(makeFrame(Opcode.close, closePayload(code, reason)));
  }

  #sendText(text: string): void {
    if (this.#socket === null) return;
    if (this.#output.pushText(text)) this.#pushed();
    else this.#write(makeFrame(Opcode.text, new TextEncoder().encode(text)));
  }

  #sendFrame(opcode: number, payload: Uint8Array): void {
    if (this.#state === State.open) this.#write(makeFrame(opcode, payload));
  }

  #sendBlob(blob: Blob): void {
    this.#sendLater(blob.size, blob.arrayBuffer().then(bytesOf), Opcode.binary);
  }

  #sendLater(size: number, content: Promise<Uint8Array>, opcode: number): void {
    this.#blobBytes += size;
    this.#blobsPending++;
    this.#blobs = Promise.allSettled([content, this.#blobs]).then(([outcome]) => {
      this.#blobBytes -= size;
      if (--this.#blobsPending === 0) this.#blobs = null;
      if (outcome.status === "rejected") {
        return this.#fail(`a blob could not be read: ${String(outcome.reason)}`);
      }
      // `close` may have been called after this `send`: its frame waits for this one.
      if (!this.#closeSent) this.#write(makeFrame(opcode, outcome.value));
    });
  }

  #write(frame: Uint8Array): void {
    if (this.#socket === null) return;
    this.#output.push(frame);
    this.#pushed();
  }

  /** Sends what was pushed, unless the client is slow, or more may follow at once. */
  #pushed(): void {
    if (this.#isBlocked || (this.#isCorked && this.#output.length <= corkedBytesMax)) return;
    this.#flush();
  }

  /** Writes queued output to the socket. */
  #flush(): void {
    const socket = this.#socket;
    if (socket === null) return;
    this.#output.flush(socket);
    if (this.#output.length > 0) return this.#setBlocked();
    if (!this.#isBlocked) return;
    this.#isBlocked = false;
    clearTimeout(this.#writeTimer);
    this.#queuedPongs = 0;
    const pong = this.#latestPong;
    this.#latestPong = null;
    if (pong !== null && this.#state === State.open) this.#write(pong);
  }

  /** Queued output must make progress within the write timeout, or the connection is reset. */
  #setBlocked(): void {
    this.#isBlocked = true;
    clearTimeout(this.#writeTimer);
    const { writeTimeoutMs } = this.#limits;
    if (writeTimeoutMs === 0) return;
    const fail = () => this.#fail("the client has read nothing within the write timeout");
    this.#writeTimer = setTimeout(fail, writeTimeoutMs);
  }

  /**
   * Sends a ping after the idle time, and closes after another idle time without input. One timer
   * looks back: arming it for each message would cost more than reading the message.
   */
  #watchIdle(delayMs: number): void {
    if (this.#idleMs > 0) this.#arm(delayMs, () => this.#judgeSilence());
  }

  #judgeSilence(): void {
    const leftMs = this.#idleMs - (performance.now() - this.#heardMs);
    // The timer's clock and this one may differ by less than a millisecond.
    if (leftMs >= 1) return this.#watchIdle(leftMs);
    if (this.#pinged) return this.#finish(CloseCode.abnormal, "", false);
    this.#pinged = true;
    this.#sendFrame(Opcode.ping, new Uint8Array(0));
    this.#watchIdle(this.#idleMs);
  }

  #arm(delayMs: number, callback: () => void): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(callback, delayMs);
  }

  /** Resets the connection. */
  #fail(why: string): void {
    if (this.#state === State.closed) return;
    this.#socket?.abort();
    this.#socket = null;
    this.#emit(new ErrorEvent("error", { message: why }));
    this.#finish(CloseCode.abnormal, "", false);
  }

  #finish(code: number, reason: string, wasClean: boolean): void {
    if (this.#state === State.closed) return;
    this.#state = State.closed;
    alive.delete(this);
    this.#onOver?.();
    this.#onOver = null;
    clearTimeout(this.#timer);
    clearTimeout(this.#writeTimer);
    this.#reader.stop();
    const socket = this.#socket;
    this.#socket = null;
    if (socket !== null && this.#closeSent) new Linger(socket, this.#output);
    else socket?.close();
    this.#emit(new CloseEvent("close", { code, reason, wasClean }));
  }

  override addEventListener(...parameters: Parameters<EventTarget["addEventListener"]>): void {
    this.#hasListeners = true;
    super.addEventListener(...parameters);
  }

  #emitMessage(data: unknown): void {
    if (this.#hasListeners) return this.#emit(new MessageEvent("message", { data }));
    this.#call(this.onmessage, new ServedMessageEvent(this, data) as unknown as MessageEvent);
  }

  #emit(event: Event): void {
    this.dispatchEvent(event);
    this.#call(this[`on${event.type}` as "onopen"], event);
  }

  #call<T extends Event>(listener: Listener<T>, event: T): void {
    if (typeof listener !== "function") return;
    try {
      listener.call(this, event);
    } catch (error) {
      // As with `addEventListener`, a listener's error is reported, not thrown into the reactor.
      reportError(error);
    }
  }
}

function bytesOf(data: ArrayBufferLike | ArrayBufferView): Uint8Array {
  if (!ArrayBuffer.isView(data)) return new Uint8Array(data);
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}
