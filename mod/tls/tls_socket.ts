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
import type { OffloadMode } from "./kernel/offload_mode.ts";
import { type Outcome, TransmitOffload } from "./kernel/transmit_offload.ts";
import { selectedProtocol } from "./alpn.ts";
import {
  isUnexpected,
  type OpensslFailure,
  Reason,
  SslError,
  takeFailure,
} from "./openssl_error.ts";
import { type RecordMemory, recordMemory } from "./record_memory.ts";
import { versions } from "./ssl_settings.ts";
import { concat } from "../std/bytes.ts";

/** Plaintext encrypted per write to the socket: four records, one send(2). */
const batchBytes = 65_536;

/** SSL_get_key_update_type(3): no answer to a key update is due. */
const keyUpdateNone = -1;

/** TLSEXT_NAMETYPE_host_name. */
const hostNameType = 0;

/** The most plaintext in one record (RFC 8446 5.1). */
const recordBytesMax = 16_384;

/**
 * Most ciphertext that waits for a peer that reads nothing: a batch, and 16 KB of the library's answers
 * to what the peer sends.
 */
const waitingBytesMax = batchBytes + 16_384;

/** Shared per thread, because a callback empties it before it returns. */
const plaintext = new Uint8Array(batchBytes);

export interface TlsSocketOptions {
  readonly isServer: boolean;
  /** Of a server: when the kernel takes over the encryption. The context needs a `SecretLog`. */
  readonly offload?: OffloadMode;
  /** Plain text sent before a client's handshake; at most one segment, so that one write sends it. */
  readonly preface?: (inner: Socket) => Uint8Array;
  /** Called before a client's handshake, when the inner socket is connected. */
  readonly onConnected?: (socket: TlsSocket) => void;
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
  readonly #lib = libssl();
  readonly #memory: RecordMemory = recordMemory();
  /**
   * Ciphertext that OpenSSL has not read, in `[#inputAt, #inputEnd)`: the reactor's own buffer until
   * `onData` returns, then a copy if this socket is paused.
   */
  #input: Uint8Array | null = null;
  #inputAt = 0;
  #inputEnd = 0;
  /** Ciphertext that the socket has not accepted. */
  #waiting: Uint8Array | null = null;
  /** What the last SSL_read returned. */
  #readResult = 0;
  /** The peer's end was read after the last bytes, for which the handler has paused. */
  #isEndHeld = false;
  #wantsDrain = false;
  /** OpenSSL writes nothing before it has read the rest of a message that follows the handshake. */
  #isStalled = false;
  /** null: OpenSSL encrypts all that is sent, for good. */
  #offload: TransmitOffload | null = null;
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
    this.#memory.attach(ssl);
    if (options.isServer) lib.SSL_set_accept_state(ssl);
    else lib.SSL_set_connect_state(ssl);
    const { offload } = options;
    if (offload !== undefined && offload !== "off") this.#offload = new TransmitOffload(offload);
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

  write(bytes: Uint8Array, start: number, end: number, isLast = false): number {
    if (!this.isOpen || !this.isReady || this.#closing) return 0;
    if (this.#offload?.isOn) return this.#writeToKernel(bytes, start, end, isLast);
    if (this.#isStalled) return this.#acceptNone();
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
          this.#stopWriting(count);
          return at - start;
        }
        at += count;
      }
      this.#pumpOut(isLast && at === end);
    }
    if (at < end) this.#wantsDrain = true;
    return at - start;
  }

  #writeToKernel(bytes: Uint8Array, start: number, end: number, isLast: boolean): number {
    if (!this.#settleAnswer()) return this.#acceptNone();
    const accepted = this.inner.write(bytes, start, end, isLast);
    if (accepted < end - start) this.#wantsDrain = true;
    return accepted;
  }

  canSendFile(length: number): boolean {
    const offload = this.#offload;
    if (offload === null || !this.isOpen || !this.isReady || this.#closing) return false;
    if (offload.isOn) return true;
    // What OpenSSL has encrypted comes first, and the kernel must know that it is the last.
    if (this.#waiting !== null) return false;
    if (offload.start(this.#ssl, this.inner, length)) return true;
    if (offload.isRefused) this.#offload = null;
    return false;
  }

  sendFile(fd: number, offset: number, length: number): number {
    if (!this.#offload?.isOn) throw new TypeError("Cannot send a file: see canSendFile");
    if (!this.isOpen || this.#closing) return 0;
    if (!this.#settleAnswer()) return this.#acceptNone();
    const accepted = this.inner.sendFile!(fd, offset, length);
    if (accepted >= 0 && accepted < length) this.#wantsDrain = true;
    return accepted;
  }

  #acceptNone(): number {
    this.#wantsDrain = true;
    return 0;
  }

  /** SSL_write has returned `result`, which is not a number of bytes. */
  #stopWriting(result: number): void {
    this.#isStalled = this.#lib.SSL_get_error(this.#ssl, result) === SslError.wantRead;
    const failure = this.#isStalled ? null : takeFailure();
    this.#pumpOut();
    if (failure !== null) this.#fail(failure);
    else this.#acceptNone();
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
    if (this.#isEndHeld || this.#input !== null) queueMicrotask(() => this.#readOn());
  }

  /** Goes on with what was left when this socket was paused. */
  #readOn(): void {
    if (!this.isOpen) return;
    this.#readRecords();
    this.#keepInput();
  }

  shutdown(): void {
    if (!this.isOpen || this.#closing) return;
    if (this.#sayGoodbye()) this.inner.shutdown();
    else this.#closing = true;
  }

  close(): void {
    if (!this.isOpen) return;
    const isSaid = this.#sayGoodbye();
    this.isOpen = false;
    // Accepted bytes must be sent, although the kernel has not accepted them yet.
    if (!isSaid) return this.inner.resume();
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
    this.options.onConnected?.(this);
    const preface = this.options.preface?.(this.inner);
    if (preface !== undefined && this.inner.write(preface, 0, preface.length) < preface.length) {
      return this.#failHandshake({ reason: 0, phrase: "the peer accepts no data" });
    }
    this.#handshake();
  }

  onData(_inner: Socket, bytes: Uint8Array, start: number, end: number): void {
    if (!this.isOpen) return;
    if (this.#input === null) {
      this.#input = bytes;
      this.#inputAt = start;
      this.#inputEnd = end;
    } else {
      this.#appendInput(bytes.subarray(start, end));
    }
    if (!this.isReady) this.#handshake();
    if (this.isReady && this.isOpen) this.#readRecords();
    this.#keepInput();
  }

  /** This socket was paused, and bytes had been read before its inner socket was. */
  #appendInput(bytes: Uint8Array): void {
    const kept = this.#input!.subarray(this.#inputAt, this.#inputEnd);
    this.#input = concat([kept, bytes]);
    this.#inputAt = 0;
    this.#inputEnd = this.#input.length;
  }

  /** Copies what is left of the input, because the reactor's buffer is valid only now. */
  #keepInput(): void {
    const isLeft = this.isOpen && !this.#ended && this.#inputAt < this.#inputEnd;
    this.#input = isLeft ? this.#input!.slice(this.#inputAt, this.#inputEnd) : null;
    this.#inputAt = 0;
    this.#inputEnd = isLeft ? this.#input!.length : 0;
  }

  onDrain(): void {
    if (this.#waiting !== null) {
      const waiting = this.#waiting;
      const count = this.inner.write(waiting, 0, waiting.length);
      this.#waiting = count < waiting.length ? waiting.subarray(count) : null;
      if (this.#waiting !== null) return;
    }
    const isEnding = !this.isOpen || this.#closing;
    if (this.#offload?.isOn) {
      if (isEnding ? !this.#offload.sayGoodbye(true) : !this.#settleAnswer()) return;
    }
    if (!this.isOpen) {
      this.inner.close();
      return this.#free();
    }
    if (this.#closing) return this.inner.shutdown();
    if (this.isReady) this.#drained();
  }

  #drained(): void {
    if (!this.#wantsDrain) return;
    this.#wantsDrain = false;
    this.handler.onDrain(this);
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
    this.#aim();
    const result = lib.SSL_do_handshake(this.#ssl);
    const why = result === 1 ? SslError.none : lib.SSL_get_error(this.#ssl, result);
    this.#release();
    this.#offload?.onHandshake(lib.SSL_version(this.#ssl) === versions["TLSv1.3"]);
    // Also sends the alert that explains a failure.
    this.#pumpOut(why === SslError.none && this.#isNextToWrite);
    if (why === SslError.wantRead) return;
    if (why !== SslError.none) return this.#failHandshake(this.#explain(takeFailure()));
    this.isReady = true;
    this.alpn = selectedProtocol(this.#ssl);
    if (this.#paused) this.inner.pause();
    this.options.onReady?.(this);
    if (!this.options.isServer && this.isOpen) this.handler.onOpen(this);
  }

  /**
   * The peer does not wait for the end of our handshake, which can leave with what is written next: a
   * client's Finished with its request, and a session ticket with the response to it. The kernel sends
   * them after 200 ms in any case.
   */
  get #isNextToWrite(): boolean {
    return !this.options.isServer || this.#lib.SSL_version(this.#ssl) === versions["TLSv1.3"];
  }

  /** Lets OpenSSL read the input. Balance each call with `#release`. */
  #aim(): void {
    if (this.#input !== null) this.#memory.aim(this.#input, this.#inputAt, this.#inputEnd);
  }

  #release(): void {
    this.#inputAt = this.#inputEnd - this.#memory.release();
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
      const why = this.#readResult > 0
        ? SslError.none
        : lib.SSL_get_error(this.#ssl, this.#readResult);
      const isFatal = why !== SslError.none && why !== SslError.wantRead && why !== SslError.closed;
      const failure = isFatal ? takeFailure() : null;
      // The answer to a key update, or the alert that explains a failure.
      const hasAnswered = this.#pumpOut();
      if (this.#offload !== null) this.#followReading(this.#offload, hasAnswered, failure);
      if (!this.isOpen) return;
      if (count > 0) this.handler.onData(this, plaintext, 0, count);
      if (!this.isOpen) return;
      if (failure !== null) return this.#fail(failure);
      if (this.#waiting !== null && this.#waiting.length > waitingBytesMax) {
        return this.#fail({ reason: 0, phrase: "the peer asks for new keys and reads none" });
      }
      if (why === SslError.closed) return this.#endOrHold();
      if (why === SslError.wantRead || this.#inputAt === this.#inputEnd) return this.#endStall();
    }
  }

  /**
   * Decrypts the records that have arrived, as many as there is room for, so that the handler gets
   * them together. Returns the bytes, and sets `#readResult`.
   */
  #fillPlaintext(): number {
    const memory = this.#memory;
    let length = 0;
    this.#aim();
    do {
      const target = length === 0 ? plaintext : plaintext.subarray(length);
      this.#readResult = this.#lib.SSL_read(this.#ssl, target, plaintext.length - length);
      if (this.#readResult <= 0) break;
      length += this.#readResult;
      // A record that is read in part would stay in OpenSSL, where no event reports it.
    } while (memory.unread > 0 && plaintext.length - length >= recordBytesMax);
    this.#release();
    return length;
  }

  /** `hasAnswered`: OpenSSL has written something by itself while it was reading. */
  #followReading(
    offload: TransmitOffload,
    hasAnswered: boolean,
    failure: OpensslFailure | null,
  ): void {
    const owesAnswer = this.#lib.SSL_get_key_update_type(this.#ssl) !== keyUpdateNone;
    if (!owesAnswer && !hasAnswered) return;
    if (!offload.isOn) {
      // It will use keys that the handshake has not made, and of which the key log says nothing.
      if (this.#lib.SSL_version(this.#ssl) === versions["TLSv1.3"]) this.#offload = null;
      return;
    }
    if (failure !== null) return offload.explainFailure(isUnexpected(failure));
    // Done with, as far as OpenSSL is concerned; nobody gets what it says.
    if (owesAnswer) this.#lib.SSL_do_handshake(this.#ssl);
    this.#memory.takeOutput();
    this.#onOutcome(offload.answer());
  }

  /** False: an answer of ours has to be sent before anything else, and cannot be sent now. */
  #settleAnswer(): boolean {
    return this.#onOutcome(this.#offload!.settle());
  }

  #onOutcome(outcome: Outcome): boolean {
    if (outcome === "impossible") {
      this.#fail({
        reason: 0,
        phrase: "the peer asks for new keys, which the kernel cannot change",
      });
    }
    return outcome === "sent";
  }

  /** The peer has said that it is finished; OpenSSL reports it again to the next read. */
  #endOrHold(): void {
    if (this.#paused) this.#isEndHeld = true;
    else this.#end();
  }

  /** Nothing is left to read, so a message that held up writing may be complete. */
  #endStall(): void {
    if (!this.#isStalled) return;
    this.#isStalled = false;
    if (this.#waiting === null) this.#drained();
  }

  #end(): void {
    this.#ended = true;
    this.handler.onEnd(this);
  }

  /**
   * Writes to the socket what OpenSSL has written. The rest is kept, and blocks further writes.
   * `isLast` as in `write`. True: it has written something.
   */
  #pumpOut(isLast = false): boolean {
    const count = this.#memory.takeOutput();
    if (count === 0) return false;
    const { output } = this.#memory;
    if (this.#offload !== null) {
      // Encrypted with keys that are not in use.
      if (this.#offload.isOn) return true;
      this.#offload.trail.note(output, count);
    }
    if (this.#waiting !== null) {
      this.#append(output.subarray(0, count));
      return true;
    }
    const sent = this.inner.write(output, 0, count, isLast);
    if (sent < count) this.#waiting = output.slice(sent, count);
    return true;
  }

  #append(bytes: Uint8Array): void {
    this.#waiting = concat([this.#waiting!, bytes]);
  }

  /** True: the kernel has all that is to be sent. */
  #sayGoodbye(): boolean {
    if (this.isReady) {
      this.#lib.SSL_shutdown(this.#ssl);
      this.#lib.ERR_clear_error();
      this.#pumpOut(true);
      if (this.#offload?.isOn) return this.#offload.sayGoodbye(false);
    }
    return this.#waiting === null;
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
    // Callers on the stack check `isOpen` before they use it again.
    this.#lib.SSL_free(this.#ssl);
  }
}
