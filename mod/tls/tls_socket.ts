/**
 * TLS over any socket of the reactor. OpenSSL reads and writes memory; the socket does the I/O.
 *
 * So one read(2) returns many records, which OpenSSL on a descriptor would read header by header, and
 * the reactor's backends are independent of TLS.
 */
import type { Address } from "../base/address.ts";
import { PeerError } from "../base/errors.ts";
import { libssl, textAt } from "../sys/libssl.ts";
import type { Socket, SocketHandler, TlsFacts } from "../net/reactor.ts";
import { selectedProtocol } from "./alpn.ts";
import { type OpensslFailure, Reason, SslError, takeFailure } from "./openssl_error.ts";
import { sslModes } from "./ssl_settings.ts";

/** Plaintext encrypted per write to the socket: four records, one send(2). */
const batchBytes = 65_536;
/** Space for an encrypted batch: 16 KB of plaintext grow by at most 5 + 256 bytes. */
const cipherBytes = batchBytes + 4096;

/** TLSEXT_NAMETYPE_host_name. */
const hostNameType = 0;

/** The most plaintext in one record (RFC 8446 5.1). */
const recordBytesMax = 16_384;

/** Shared per thread, because a callback fills and empties them before it returns. */
const plaintext = new Uint8Array(batchBytes);
const ciphertext = new Uint8Array(cipherBytes);

export interface TlsSocketOptions {
  readonly isServer: boolean;
  /** Plain text sent before a client's handshake; at most one segment, so that one write sends it. */
  readonly preface?: (inner: Socket) => Uint8Array;
  /** Called after the handshake. */
  readonly onReady?: (socket: TlsSocket) => void;
  /** Called at the end of the connection, before the SSL object is freed. */
  readonly onOver?: (socket: TlsSocket) => void;
  /** Called when the handshake fails. The inner socket is still open, for a message in plain text. */
  readonly onHandshakeFailure?: (inner: Socket, failure: OpensslFailure) => void;
}

export class TlsSocket implements Socket, SocketHandler {
  readonly inner: Socket;
  handler: SocketHandler;
  readonly options: TlsSocketOptions;
  isOpen = true;
  /** The protocol that ALPN has selected, once the handshake is complete. */
  alpn = "";
  /** The handshake is complete. */
  isReady = false;
  readonly #ssl: Deno.PointerObject;
  readonly #incoming: Deno.PointerObject;
  readonly #outgoing: Deno.PointerObject;
  readonly #lib = libssl();
  /** Ciphertext that the socket has not accepted. */
  #waiting: Uint8Array | null = null;
  /** What the last SSL_read returned. */
  #readResult = 0;
  /** Records, or a part of one, were left when SSL_read last returned some bytes. */
  #hasMore = false;
  /** The peer's end was read after the last bytes, for which the handler has paused. */
  #isEndHeld = false;
  #wantsDrain = false;
  #paused = false;
  #ended = false;
  #closing = false;

  /** `context` is an SSL_CTX. This object becomes the inner socket's handler. */
  constructor(
    inner: Socket,
    context: Deno.PointerObject,
    handler: SocketHandler,
    options: TlsSocketOptions,
  ) {
    this.inner = inner;
    this.handler = handler;
    this.options = options;
    const lib = this.#lib;
    const ssl = lib.SSL_new(context);
    if (ssl === null) throw new Error(`SSL_new failed: ${takeFailure().phrase}`);
    this.#ssl = ssl;
    this.#incoming = lib.BIO_new(lib.BIO_s_mem())!;
    this.#outgoing = lib.BIO_new(lib.BIO_s_mem())!;
    lib.SSL_set_bio(ssl, this.#incoming, this.#outgoing);
    lib.SSL_ctrl(ssl, sslModes.command, sslModes.value, null);
    if (options.isServer) lib.SSL_set_accept_state(ssl);
    else lib.SSL_set_connect_state(ssl);
    inner.handler = this;
  }

  /** The SSL object, to set names and sessions before the handshake. */
  get ssl(): Deno.PointerObject {
    return this.#ssl;
  }

  /** The handshake resumed an earlier session. */
  get isResumed(): boolean {
    return this.#lib.SSL_session_reused(this.#ssl) === 1;
  }

  tlsFacts(): TlsFacts {
    const lib = this.#lib;
    const cipher = lib.SSL_get_current_cipher(this.#ssl);
    return {
      version: textAt(lib.SSL_get_version(this.#ssl)),
      cipher: textAt(lib.SSL_CIPHER_get_name(cipher)),
      cipherBits: lib.SSL_CIPHER_get_bits(cipher, null),
      resumed: this.isResumed,
      serverName: textAt(lib.SSL_get_servername(this.#ssl, hostNameType)),
      sessionId: this.#sessionId(),
    };
  }

  #sessionId(): Uint8Array {
    const session = this.#lib.SSL_get_session(this.#ssl);
    const length = new Uint32Array(1);
    const bytes = session === null ? null : this.#lib.SSL_SESSION_get_id(session, length);
    if (bytes === null) return new Uint8Array(0);
    return new Uint8Array(Deno.UnsafePointerView.getArrayBuffer(bytes, length[0])).slice();
  }

  write(bytes: Uint8Array, start: number, end: number): number {
    if (!this.isOpen || !this.isReady || this.#closing) return 0;
    let at = start;
    while (at < end && this.#waiting === null) {
      const batchEnd = Math.min(end, at + batchBytes);
      while (at < batchEnd) {
        const from = at === 0 ? bytes : bytes.subarray(at);
        const count = this.#lib.SSL_write(
          this.#ssl,
          from as Uint8Array<ArrayBuffer>,
          batchEnd - at,
        );
        if (count <= 0) {
          this.#fail(takeFailure());
          return at - start;
        }
        at += count;
      }
      this.#pumpOut();
    }
    if (at < end) this.#wantsDrain = true;
    return at - start;
  }

  /** Stops delivering plaintext. A handshake continues, or the connection would never be ready. */
  pause(): void {
    this.#paused = true;
    if (this.isReady) this.inner.pause();
  }

  resume(): void {
    if (!this.#paused || !this.isOpen) return;
    this.#paused = false;
    this.inner.resume();
    // Records may be buffered in memory, for which no event would follow.
    if (!this.isReady) return;
    if (this.#isEndHeld || this.#lib.BIO_ctrl_pending(this.#incoming) > 0) {
      queueMicrotask(() => this.#readRecords());
    }
  }

  shutdown(): void {
    if (!this.isOpen || this.#closing) return;
    this.#sayGoodbye();
    if (this.#waiting === null) this.inner.shutdown();
    else this.#closing = true;
  }

  close(): void {
    if (!this.isOpen) return;
    this.#sayGoodbye();
    this.isOpen = false;
    // Accepted bytes must be sent, although the kernel has not accepted them yet.
    if (this.#waiting !== null) return this.inner.resume();
    this.inner.close();
    this.#free();
  }

  abort(): void {
    if (!this.isOpen) return;
    this.inner.abort();
    this.#free();
  }

  peerAddress(): Address {
    return this.inner.peerAddress();
  }

  localAddress(): Address {
    return this.inner.localAddress();
  }

  /** Starts a client's handshake; called by the inner socket when it is connected. */
  onOpen(): void {
    const preface = this.options.preface?.(this.inner);
    if (preface !== undefined && this.inner.write(preface, 0, preface.length) < preface.length) {
      return this.#failHandshake({ reason: 0, phrase: "the peer accepts no data" });
    }
    this.#handshake();
  }

  onData(_inner: Socket, bytes: Uint8Array, start: number, end: number): void {
    if (!this.isOpen) return;
    const from = start === 0 ? bytes : bytes.subarray(start);
    this.#lib.BIO_write(this.#incoming, from as Uint8Array<ArrayBuffer>, end - start);
    if (!this.isReady) this.#handshake();
    if (this.isReady && this.isOpen) this.#readRecords();
  }

  onDrain(): void {
    if (this.#waiting !== null) {
      const waiting = this.#waiting;
      const count = this.inner.write(waiting, 0, waiting.length);
      this.#waiting = count < waiting.length ? waiting.subarray(count) : null;
      if (this.#waiting !== null) return;
    }
    if (!this.isOpen) {
      this.inner.close();
      return this.#free();
    }
    if (this.#closing) return this.inner.shutdown();
    if (this.#wantsDrain && this.isReady) {
      this.#wantsDrain = false;
      this.handler.onDrain(this);
    }
  }

  onEnd(): void {
    if (this.#ended || !this.isOpen) return;
    if (this.isReady) return this.#end();
    this.#failHandshake({ reason: 0, phrase: "the peer closed during the TLS handshake" });
  }

  onClose(_inner: Socket, error: PeerError): void {
    const wasOpen = this.isOpen;
    this.#free();
    if (wasOpen) this.handler.onClose(this, error);
  }

  #handshake(): void {
    const lib = this.#lib;
    const result = lib.SSL_do_handshake(this.#ssl);
    if (result === 1) {
      this.#pumpOut();
      this.isReady = true;
      this.alpn = selectedProtocol(this.#ssl);
      if (this.#paused) this.inner.pause();
      this.options.onReady?.(this);
      if (!this.options.isServer && this.isOpen) this.handler.onOpen(this);
      return;
    }
    const why = lib.SSL_get_error(this.#ssl, result);
    // Also send the alert that explains the failure.
    this.#pumpOut();
    if (why === SslError.wantRead || why === SslError.wantWrite) return;
    this.#failHandshake(this.#explain(takeFailure()));
  }

  /** Adds the reason to "verify failed", which OpenSSL keeps separately. */
  #explain(failure: OpensslFailure): OpensslFailure {
    if (failure.reason !== Reason.certificateVerifyFailed) return failure;
    const lib = this.#lib;
    const why = textAt(lib.X509_verify_cert_error_string(lib.SSL_get_verify_result(this.#ssl)));
    return { reason: failure.reason, phrase: `the peer's certificate was rejected: ${why}` };
  }

  #readRecords(): void {
    const lib = this.#lib;
    while (this.isOpen && !this.#paused && !this.#ended) {
      const count = this.#fillPlaintext();
      // Before the callback, which may use OpenSSL: the reason is kept per thread.
      const why = this.#readResult > 0 ? 0 : lib.SSL_get_error(this.#ssl, this.#readResult);
      const isFatal = why !== 0 && why !== SslError.wantRead && why !== SslError.wantWrite &&
        why !== SslError.closed;
      const failure = isFatal ? takeFailure() : null;
      if (count > 0) this.handler.onData(this, plaintext, 0, count);
      if (!this.isOpen) return;
      if (failure !== null) return this.#fail(failure);
      if (why !== 0) return this.#afterEmptyRead(why);
      if (!this.#hasMore) return;
    }
  }

  /**
   * Decrypts the records that have arrived, as many as there is room for, so that the handler gets
   * them together. Returns the bytes, and sets `#readResult` and `#hasMore`.
   */
  #fillPlaintext(): number {
    const lib = this.#lib;
    let length = 0;
    do {
      const target = length === 0 ? plaintext : plaintext.subarray(length);
      this.#readResult = lib.SSL_read(this.#ssl, target, plaintext.length - length);
      if (this.#readResult <= 0) break;
      length += this.#readResult;
      this.#hasMore = lib.BIO_ctrl_pending(this.#incoming) > 0;
      // A record that is read in part would stay in OpenSSL, where no event reports it.
    } while (this.#hasMore && plaintext.length - length >= recordBytesMax);
    return length;
  }

  /** Nothing more to read: `why` is wantRead, wantWrite or closed. */
  #afterEmptyRead(why: number): void {
    if (why === SslError.closed) {
      // OpenSSL reports it again to the next read.
      if (this.#paused) this.#isEndHeld = true;
      else this.#end();
      return;
    }
    // A key update may have produced output.
    if (this.#lib.BIO_ctrl_pending(this.#outgoing) > 0) this.#pumpOut();
  }

  #end(): void {
    this.#ended = true;
    this.handler.onEnd(this);
  }

  /** Writes ciphertext to the socket. The rest is kept, and blocks further writes. */
  #pumpOut(): void {
    const lib = this.#lib;
    while (this.#waiting === null) {
      const count = lib.BIO_read(this.#outgoing, ciphertext, ciphertext.length);
      if (count <= 0) return;
      const sent = this.inner.write(ciphertext, 0, count);
      if (sent < count) this.#waiting = ciphertext.slice(sent, count);
      if (count < ciphertext.length) return;
    }
  }

  #sayGoodbye(): void {
    if (!this.isReady) return;
    this.#lib.SSL_shutdown(this.#ssl);
    this.#lib.ERR_clear_error();
    this.#pumpOut();
  }

  #failHandshake(failure: OpensslFailure): void {
    this.options.onHandshakeFailure?.(this.inner, failure);
    this.#fail(failure);
  }

  #fail(failure: OpensslFailure): void {
    if (!this.isOpen) return;
    const retrySafe = !this.isReady;
    this.inner.close();
    this.#free();
    this.handler.onClose(this, new PeerError("ETLS", "upstream", failure.phrase, retrySafe));
  }

  #free(): void {
    this.isOpen = false;
    this.#waiting = null;
    if (this.isReady) this.options.onOver?.(this);
    // Also frees both BIOs. Callers on the stack check `isOpen` before they use it again.
    this.#lib.SSL_free(this.#ssl);
  }
}
