/** Sends a body made of pieces of a file, with back-pressure. */
import type { FileExchange } from "./file_exchange.ts";
import type { Representation } from "./resource.ts";

/** Literal bytes, or bytes `[start, end)` of the file. */
export type Piece = Uint8Array | { readonly start: number; readonly end: number };

/**
 * Shared by all transfers, because `writeBody` has copied or sent the bytes when it returns. Its size
 * is that of four DATA frames of HTTP/2, which fill four TLS records with their headers. A rest would
 * be a record, and often a send(2), of its own.
 */
const buffer = new Uint8Array(4 * 16_375);

/**
 * A body being sent. Call `pump` once, then on each drain; call `stop` when the exchange ends early.
 * Keeps the representation's file open meanwhile.
 */
export class FileTransfer<Rendered> {
  readonly #representation: Representation;
  readonly #pieces: readonly Piece[];
  #index = 0;
  /** Bytes of the current piece already sent. */
  #sent = 0;
  #isOver = false;

  constructor(representation: Representation, pieces: readonly Piece[]) {
    representation.acquire();
    this.#representation = representation;
    this.#pieces = pieces;
  }

  /** Sends as much as the socket accepts. True: the body is complete or was cut off. */
  pump(exchange: FileExchange<Rendered>): boolean {
    while (this.#index < this.#pieces.length) {
      if (this.#isOver) return true;
      const piece = this.#pieces[this.#index];
      if (!this.#pumpPiece(exchange, piece)) return this.#isOver;
      this.#index++;
      this.#sent = 0;
    }
    this.stop();
    exchange.endBody();
    return true;
  }

  /** Releases the file. */
  stop(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#representation.release();
  }

  /** True when the piece is done. */
  #pumpPiece(exchange: FileExchange<Rendered>, piece: Piece): boolean {
    if (piece instanceof Uint8Array) {
      // `writeBody` queues all of it; if the client is slow, the next piece waits for the drain.
      exchange.writeBody(piece, 0, piece.length);
      return true;
    }
    const content = this.#representation.content;
    if (content !== null) {
      exchange.writeBody(content, piece.start, piece.end);
      return true;
    }
    const file = this.#representation.file;
    if (file === null) return this.#cut(exchange);
    const left = piece.end - piece.start - this.#sent;
    return file.fd >= 0 && exchange.canSendFile?.(left)
      ? this.#pumpDescriptor(exchange, piece, file.fd)
      : this.#copy(exchange, piece);
  }

  #pumpDescriptor(
    exchange: FileExchange<Rendered>,
    piece: { start: number; end: number },
    fd: number,
  ): boolean {
    const offset = piece.start + this.#sent;
    const accepted = exchange.sendFile!(fd, offset, piece.end - offset);
    if (accepted < 0) return this.#cut(exchange);
    this.#sent += accepted;
    return offset + accepted === piece.end;
  }

  #copy(exchange: FileExchange<Rendered>, piece: { start: number; end: number }): boolean {
    while (piece.start + this.#sent < piece.end) {
      const offset = piece.start + this.#sent;
      const wanted = Math.min(buffer.length, piece.end - offset);
      const count = this.#representation.file!.readAt(offset, buffer, 0, wanted);
      // The file has shrunk below the length that the head has announced.
      if (count <= 0) return this.#cut(exchange);
      this.#sent += count;
      const wantsMore = exchange.writeBody(buffer, 0, count);
      if (this.#isOver) return false;
      if (!wantsMore) return this.#sent === piece.end - piece.start;
    }
    return true;
  }

  #cut(exchange: FileExchange<Rendered>): false {
    this.stop();
    exchange.abort();
    return false;
  }
}
