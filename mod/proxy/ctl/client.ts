/** One request to a control listener, with the complete response. */
import { type Address, formatAddress } from "../../base/address.ts";
import { type PeerError, StartError } from "../../base/errors.ts";
import type { Reactor, Socket, SocketHandler } from "../../net/reactor.ts";

export interface CtlAnswer {
  readonly status: number;
  /** null: empty body. */
  readonly json: unknown;
}

/** No control listener answers at the address; it may be temporary. */
export class UnreachableError extends StartError {}

/** Throws `UnreachableError` when nothing answers. The reactor must be running. */
export function ask(
  reactor: Reactor,
  address: Address,
  request: { method: string; path: string; body?: unknown; token: string | null },
  timeoutMs: number,
): Promise<CtlAnswer> {
  return new Promise((resolve, reject) => {
    new Asking(reactor, address, requestText(request), timeoutMs, resolve, reject);
  });
}

function requestText(
  { method, path, body, token }: {
    method: string;
    path: string;
    body?: unknown;
    token: string | null;
  },
): string {
  const text = body === undefined ? "" : JSON.stringify(body);
  const length = new TextEncoder().encode(text).length;
  const authorization = token === null ? "" : `Authorization: Bearer ${token}\r\n`;
  return `${method} ${path} HTTP/1.1\r\nHost: control\r\n${authorization}Content-Length: ${length}\r\n` +
    `Connection: close\r\n\r\n${text}`;
}

class Asking implements SocketHandler {
  readonly #bytes: Uint8Array;
  readonly #timer: number;
  readonly #reactor: Reactor;
  readonly #where: string;
  #sent = 0;
  #received = "";

  constructor(
    reactor: Reactor,
    address: Address,
    request: string,
    timeoutMs: number,
    readonly resolve: (answer: CtlAnswer) => void,
    readonly reject: (error: StartError) => void,
  ) {
    this.#reactor = reactor;
    this.#where = formatAddress(address);
    this.#bytes = new TextEncoder().encode(request);
    const socket = reactor.connect(address, this);
    this.#timer = reactor.setTimer(timeoutMs, () => {
      socket.abort();
      reject(new UnreachableError("the control listener did not answer in time"));
    });
  }

  onOpen(socket: Socket): void {
    this.onDrain(socket);
  }

  onDrain(socket: Socket): void {
    this.#sent += socket.write(this.#bytes, this.#sent, this.#bytes.length);
  }

  onData(_socket: Socket, bytes: Uint8Array, start: number, end: number): void {
    for (let at = start; at < end; at++) this.#received += String.fromCharCode(bytes[at]);
  }

  onEnd(socket: Socket): void {
    this.#reactor.clearTimer(this.#timer);
    socket.close();
    const match = /^HTTP\/1\.1 (\d{3})[^]*?\r\n\r\n([^]*)$/.exec(this.#received);
    if (match === null) {
      return this.reject(new UnreachableError("the control listener broke off its answer"));
    }
    const bytes = Uint8Array.from(match[2], (char) => char.charCodeAt(0));
    const text = new TextDecoder().decode(bytes);
    this.resolve({ status: Number(match[1]), json: parseJson(text) });
  }

  onClose(_socket: Socket, error: PeerError): void {
    this.#reactor.clearTimer(this.#timer);
    const reason = `cannot reach the control listener at ${this.#where}: ${error.message}`;
    this.reject(new UnreachableError(reason));
  }
}

function parseJson(text: string): unknown {
  if (text === "") return null;
  try {
    return JSON.parse(text);
  } catch (error) {
    // An error response in plain text.
    if (error instanceof SyntaxError) return { error: { text: text.trim() } };
    throw error;
  }
}
