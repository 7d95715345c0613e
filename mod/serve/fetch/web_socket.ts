/** The server's end of a WebSocket, with the interface of the browser's WebSocket class. */
import type { PeerError } from "../../base/errors.ts";
import type { Socket, SocketHandler } from "../../net/reactor.ts";
import {
  CloseCode,
  closePayload,
  decodeText,
  type FrameHandler,
  FrameReader,
  makeFrame,
  Opcode,
} from "./web_socket_frames.ts";

/** Larger messages end the connection with 1009. */
const messageBytesMax = 64 << 20;
/** How long the client may take to answer our close frame. */
const closeTimeoutMs = 5000;

const State = { connecting: 0, open: 1, closing: 2, closed: 3 } as const;

/** Those that are not closed, for the end of the server. */
const alive = new Set<ServedWebSocket>();

/** Tells every client that the server goes away (1001); resolves when all have closed. */
export async function closeWebSockets(): Promise<void> {
  for (const socket of alive) socket.goAway();
  while (alive.size > 0) await new Promise((resolve) => setTimeout(resolve, 20));
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
  readonly #reader = new FrameReader(this, messageBytesMax);
  readonly #queue: Uint8Array[] = [];
  #queueSent = 0;
  #queuedBytes = 0;
  #state: number = State.connecting;
  #socket: Socket | null = null;
  #timer = 0;
  #pinged = false;
  #closeSent = false;

  constructor(url: string, options: { protocol?: string; idleTimeout?: number }) {
    super();
    this.url = url;
    this.protocol = options.protocol ?? "";
    this.#idleMs = (options.idleTimeout ?? 30) * 1000;
  }

  get readyState(): number {
    return this.#state;
  }

  get bufferedAmount(): number {
    return this.#queuedBytes;
  }

  /** Takes the connection over; the response with status 101 has been sent. */
  open({ socket, early }: { socket: Socket; early: Uint8Array }): void {
    this.#socket = socket;
    this.#state = State.open;
    alive.add(this);
    socket.handler = this;
    this.#restartIdle();
    this.#emit(new Event("open"));
    if (early.length > 0) this.#reader.push(early, 0, early.length);
  }

  send(data: string | ArrayBufferLike | ArrayBufferView | Blob): void {
    if (this.#state === State.connecting) {
      throw new DOMException("the socket is still connecting", "InvalidStateError");
    }
    if (typeof data === "string") {
      this.#sendFrame(Opcode.text, new TextEncoder().encode(data));
    } else if (data instanceof Blob) {
      data.arrayBuffer().then((buffer) => this.#sendFrame(Opcode.binary, new Uint8Array(buffer)));
    } else {
      this.#sendFrame(Opcode.binary, bytesOf(data));
    }
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

  /** The server stops. */
  goAway(): void {
    this.#beginClose(CloseCode.goingAway, "");
  }

  #beginClose(code: number, reason: string): void {
    if (this.#state >= State.closing) return;
    this.#state = State.closing;
    this.#sendClose(code, reason);
    this.#arm(closeTimeoutMs, () => this.#finish(CloseCode.abnormal, "", false));
  }

  onOpen(): void {}

  onData(_socket: Socket, bytes: Uint8Array, start: number, end: number): void {
    this.#pinged = false;
    if (this.#state === State.open) this.#restartIdle();
    this.#reader.push(bytes, start, end);
  }

  onDrain(): void {
    this.#flush();
  }

  onEnd(): void {
    this.#finish(CloseCode.abnormal, "", false);
  }

  onClose(_socket: Socket, error: PeerError): void {
    this.#socket = null;
    this.#emit(new ErrorEvent("error", { message: error.message }));
    this.#finish(CloseCode.abnormal, "", false);
  }

  onMessage(isText: boolean, payload: Uint8Array<ArrayBuffer>): void {
    if (this.#state >= State.closing) return;
    const text = isText ? decodeText(payload) : null;
    if (isText && text === null) return this.onViolation(CloseCode.invalidData);
    const data = isText
      ? text
      : this.binaryType === "blob"
      ? new Blob([payload])
      : payload.byteLength === payload.buffer.byteLength
      ? payload.buffer
      : payload.slice().buffer;
    this.#emit(new MessageEvent("message", { data }));
  }

  onPing(payload: Uint8Array<ArrayBuffer>): void {
    this.#sendFrame(Opcode.pong, payload);
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
    this.#emit(new ErrorEvent("error", { message: `the client broke the protocol (${code})` }));
    this.#finish(code, "", false);
  }

  #sendClose(code: number, reason: string): void {
    if (this.#closeSent) return;
    this.#closeSent = true;
    this.#write(makeFrame(Opcode.close, closePayload(code, reason)));
  }

  #sendFrame(opcode: number, payload: Uint8Array): void {
    if (this.#state === State.open) this.#write(makeFrame(opcode, payload));
  }

  #write(frame: Uint8Array): void {
    this.#queue.push(frame);
    this.#queuedBytes += frame.length;
    if (this.#queue.length === 1) this.#flush();
  }

  #flush(): void {
    const socket = this.#socket;
    while (socket !== null && this.#queue.length > 0) {
      const frame = this.#queue[0];
      const sent = socket.write(frame, this.#queueSent, frame.length);
      this.#queueSent += sent;
      this.#queuedBytes -= sent;
      if (this.#queueSent < frame.length) return;
      this.#queue.shift();
      this.#queueSent = 0;
    }
  }

  /** Silence for the idle time: ping; silence again: the client is gone. */
  #restartIdle(): void {
    if (this.#idleMs <= 0) return;
    this.#arm(this.#idleMs, () => {
      if (this.#pinged) return this.#finish(CloseCode.abnormal, "", false);
      this.#pinged = true;
      this.#sendFrame(Opcode.ping, new Uint8Array(0));
      this.#restartIdle();
    });
  }

  #arm(delayMs: number, callback: () => void): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(callback, delayMs);
  }

  #finish(code: number, reason: string, wasClean: boolean): void {
    if (this.#state === State.closed) return;
    this.#state = State.closed;
    alive.delete(this);
    clearTimeout(this.#timer);
    this.#socket?.close();
    this.#socket = null;
    this.#emit(new CloseEvent("close", { code, reason, wasClean }));
  }

  #emit(event: Event): void {
    this.dispatchEvent(event);
    const listener = this[`on${event.type}` as "onopen"];
    if (typeof listener !== "function") return;
    try {
      listener.call(this, event);
    } catch (error) {
      // As with `addEventListener`: a listener's fault is reported, not thrown at the reactor.
      reportError(error);
    }
  }
}

function bytesOf(data: ArrayBufferLike | ArrayBufferView): Uint8Array {
  if (!ArrayBuffer.isView(data)) return new Uint8Array(data);
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}
