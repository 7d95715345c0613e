/** Wraps an accept handler in TLS. */
import type { PeerError } from "../base/errors.ts";
import { Deadline, type TimerWheel } from "../base/timer_wheel.ts";
import type { AcceptHandler, Socket, SocketHandler } from "../net/reactor.ts";
import type { OffloadMode } from "./kernel/offload_mode.ts";
import { type OpensslFailure, Reason } from "./openssl_error.ts";
import { TlsSocket } from "./tls_socket.ts";

export interface SecureAcceptOptions {
  readonly wheel: TimerWheel;
  readonly now: () => number;
  /** The SSL_CTX for new connections; a reload changes it, open connections keep theirs. */
  readonly context: () => Deno.PointerObject;
  /** When the kernel encrypts files; the contexts have a `SecretLog` then. Default: never. */
  readonly offload?: OffloadMode;
  /** Timeout for the handshake, in milliseconds. */
  readonly handshakeTimeoutMs: number;
  /** Called with the reason when a handshake fails. */
  readonly onFailure: (socket: Socket, phrase: string) => void;
  /** Handshakes in progress, for which a drain must wait. */
  readonly pending: Set<unknown>;
}

const sentence = "This port requires TLS: use https://\n";
const plainHttpAnswer = new TextEncoder().encode(
  "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\n" +
    `Content-Length: ${sentence.length}\r\nConnection: close\r\n\r\n${sentence}`,
);

/** `onAccept` gets connections after their handshake, as ordinary sockets. */
export function secureAccept(options: SecureAcceptOptions, onAccept: AcceptHandler): AcceptHandler {
  return (socket, listener) => {
    const waiting = new Handshake(options);
    options.pending.add(waiting);
    const secure = new TlsSocket(socket, options.context(), waiting, {
      isServer: true,
      offload: options.offload ?? "off",
      onReady: (ready) => {
        waiting.end();
        ready.handler = onAccept(ready, listener);
      },
      onHandshakeFailure: (inner, failure) => {
        waiting.end();
        explain(inner, failure);
        options.onFailure(inner, failure.phrase);
      },
    });
    waiting.socket = secure;
    options.wheel.arm(waiting, options.now() + options.handshakeTimeoutMs);
    return secure;
  };
}

/** Answers plain HTTP with a readable message, for a browser that used the wrong scheme. */
function explain(inner: Socket, failure: OpensslFailure): void {
  if (failure.reason === Reason.httpRequest) {
    inner.write(plainHttpAnswer, 0, plainHttpAnswer.length);
  }
}

/** Handles the connection until its handshake is complete. */
class Handshake extends Deadline implements SocketHandler {
  readonly options: SecureAcceptOptions;
  socket: TlsSocket | null = null;

  constructor(options: SecureAcceptOptions) {
    super();
    this.options = options;
  }

  end(): void {
    this.options.wheel.disarm(this);
    this.options.pending.delete(this);
  }

  override onDeadline(): void {
    this.end();
    if (this.socket === null) return;
    this.options.onFailure(this.socket.inner, "the TLS handshake timed out");
    this.socket.abort();
  }

  onOpen(): void {}
  onData(): void {}
  onDrain(): void {}
  onEnd(): void {}

  onClose(socket: Socket, error: PeerError): void {
    this.end();
    // A failed handshake has already been reported; this is a reset during the handshake.
    if (error.code !== "ETLS") this.options.onFailure(socket, error.message);
  }
}
