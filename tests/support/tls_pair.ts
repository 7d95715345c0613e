/** TLS between two sockets of which the test carries the bytes, cut wherever it likes. */
import { assert } from "@std/assert";
import type { PeerError } from "../../mod/base/errors.ts";
import type { KernelTls, Socket, SocketHandler } from "../../mod/net/reactor.ts";
import { ClientContext } from "../../mod/tls/client_context.ts";
import type { OffloadMode } from "../../mod/tls/kernel/offload_mode.ts";
import { ServerContext, type ServerContextOptions } from "../../mod/tls/server_context.ts";
import { TlsSocket } from "../../mod/tls/tls_socket.ts";
import { certificateFor } from "../contract/tls_ends.ts";
import { tcp } from "./raw_socket.ts";

const text = new TextEncoder();
const own = certificateFor("localhost");

/** What a kernel that encrypts does with the plaintext of a `Paper`. */
export interface PaperKernel extends KernelTls {
  readonly isOn: boolean;
  /** Records of data with `bytes`. */
  seal(bytes: Uint8Array): Uint8Array;
}

/** A socket that keeps what is written to it; `room` is how much more it accepts. */
export class Paper implements Socket {
  kernel: PaperKernel | null = null;
  /** The content of every file. */
  file = new Uint8Array(0);
  handler: SocketHandler = new Reader();
  isOpen = true;
  isPaused = false;
  isShutDown = false;
  room = Infinity;
  written: number[] = [];

  write(bytes: Uint8Array, start: number, end: number): number {
    const count = Math.min(end - start, this.room);
    this.room -= count;
    const taken = bytes.subarray(start, start + count);
    this.put(this.kernel?.isOn ? this.kernel.seal(taken) : taken);
    return count;
  }

  sendFile(_fd: number, offset: number, length: number): number {
    return this.write(this.file, offset, offset + length);
  }

  kernelTls(): KernelTls | null {
    return this.kernel;
  }

  put(bytes: Uint8Array): void {
    for (const byte of bytes) this.written.push(byte);
  }

  take(): Uint8Array {
    return Uint8Array.from(this.written.splice(0));
  }

  pause(): void {
    this.isPaused = true;
  }

  resume(): void {
    this.isPaused = false;
  }

  shutdown(): void {
    this.isShutDown = true;
  }

  close(): void {
    this.isOpen = false;
  }

  abort(): void {
    this.isOpen = false;
  }

  peerAddress = () => tcp(1);
  localAddress = () => tcp(1);
}

/** Keeps what it is given. */
export class Reader implements SocketHandler {
  received = "";
  drainCount = 0;
  endCount = 0;
  error: PeerError | null = null;
  onBytes: (socket: Socket) => void = () => {};

  onOpen(): void {}

  onData(socket: Socket, bytes: Uint8Array, start: number, end: number): void {
    this.received += new TextDecoder().decode(bytes.subarray(start, end));
    this.onBytes(socket);
  }

  onDrain(): void {
    this.drainCount++;
  }

  onEnd(): void {
    this.endCount++;
  }

  onClose(_socket: Socket, error: PeerError): void {
    this.error = error;
  }
}

export class End {
  readonly paper = new Paper();
  readonly reader = new Reader();
  readonly socket: TlsSocket;

  constructor(
    context: Deno.PointerObject,
    isServer: boolean,
    offload: OffloadMode = "off",
    kernel: ((paper: Paper) => PaperKernel) | null = null,
  ) {
    if (kernel !== null) this.paper.kernel = kernel(this.paper);
    this.socket = new TlsSocket(this.paper, context, this.reader, { isServer, offload });
  }

  send(words: string): number {
    const bytes = text.encode(words);
    return this.socket.write(bytes, 0, bytes.length);
  }

  /** Gives it ciphertext in pieces of at most `pieceBytes`, each in a buffer of its own. */
  feed(bytes: Uint8Array, pieceBytes = Infinity): void {
    for (let at = 0; at < bytes.length; at += pieceBytes) {
      const piece = bytes.slice(at, Math.min(bytes.length, at + pieceBytes));
      this.socket.onData(this.paper, piece, 0, piece.length);
      // As the reactor does with its buffer: nobody may look at it any more.
      piece.fill(0xff);
    }
  }
}

/** A client and a server after their handshake. */
export class Pair {
  readonly client: End;
  readonly server: End;

  constructor(
    readonly contexts: Contexts,
    pieceBytes = Infinity,
    offload: OffloadMode = "off",
    kernel: ((paper: Paper) => PaperKernel) | null = null,
    prepareClient: (ssl: Deno.PointerObject) => void = () => {},
  ) {
    this.client = new End(contexts.client.pointer, false);
    prepareClient(this.client.socket.ssl);
    this.server = new End(contexts.server.pointer, true, offload, kernel);
    this.client.socket.onOpen();
    for (let flight = 0; flight < 4 && !this.server.socket.isReady; flight++) {
      this.server.feed(this.client.paper.take(), pieceBytes);
      if (!this.server.socket.isReady) this.client.feed(this.server.paper.take(), pieceBytes);
    }
    // In TLS 1.2 the server's last message is the handshake's.
    if (!this.client.socket.isReady) this.client.feed(this.server.paper.take(), pieceBytes);
    assert(this.server.socket.isReady && this.client.socket.isReady, "no handshake");
  }

  /** Carries what both have written, until neither writes more. */
  carry(): void {
    while (this.client.paper.written.length + this.server.paper.written.length > 0) {
      this.server.feed(this.client.paper.take());
      this.client.feed(this.server.paper.take());
    }
  }

  [Symbol.dispose](): void {
    for (const { socket } of [this.client, this.server]) if (socket.isOpen) socket.abort();
  }
}

export class Contexts {
  readonly server: ServerContext;
  readonly client = new ClientContext({ caFile: own.certificateFile, ...own });

  constructor(asksForCertificates = false, options: Partial<ServerContextOptions> = {}) {
    this.server = new ServerContext({
      identities: [{ certificates: [own] }],
      ...(asksForCertificates ? { clientCaFile: own.certificateFile } : {}),
      ...options,
    });
  }

  [Symbol.dispose](): void {
    this.server.free();
  }
}
