/** Sends a body of file pieces at the pace of the client. */
import type { FileExchange } from "./file_exchange.ts";
import type { Representation } from "./resource.ts";

/** Literal bytes, or bytes `[start, end)` of the file. */
export type Piece = Uint8Array | { readonly start: number; readonly end: number };

/** One buffer serves all transfers: `writeBody` has taken the bytes when it returns. */
const buffer = new Uint8Array(64 << 10);

/**
 * A body under way. `pump` it once, then again on each drain; `stop` it when the exchange ends
 * early. Holds the representation's file open in between.
 */
export class FileTransfer<Rendered> {
  readonly #representation: Representation;
  readonly #pieces: readonly Piece[];
  #index = 0;
  /** Bytes of the current piece that were sent. */
  #sent = 0;
  #isOver = false;

  constructor(representation: Representation, pieces: readonly Piece[]) {
    representation.acquire();
    this.#representation = representation;
    this.#pieces = pieces;
  }

  /** Sends as much as the client takes. True: the body is complete or was cut, nothing is left to do. */
  pump(x: FileExchange<Rendered>): boolean {
    while (this.#index < this.#pieces.length) {
      if (this.#isOver) return true;
      const piece = this.#pieces[this.#index];
      if (!this.#pumpPiece(x, piece)) return this.#isOver;
      this.#index++;
      this.#sent = 0;
    }
    this.stop();
    x.endBody();
    return true;
  }

  /** Lets go of the file. */
  stop(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#representation.release();
  }

  /** True when the piece is done. */
  #pumpPiece(x: FileExchange<Rendered>, piece: Piece): boolean {
    if (piece instanceof Uint8Array) {
      // All of it is accepted; when the client is slow, the next piece meets a full queue anyway.
      x.writeBody(piece, 0, piece.length);
      return true;
    }
    const content = this.#representation.content;
    if (content !== null) {
      x.writeBody(content, piece.start, piece.end);
      return true;
    }
    const file = this.#representation.file;
    if (file === null) return this.#cut(x);
    return file.fd >= 0 && x.canSendFile
      ? this.#pumpDescriptor(x, piece, file.fd)
      : this.#copy(x, piece);
  }

  #pumpDescriptor(
    x: FileExchange<Rendered>,
    piece: { start: number; end: number },
    fd: number,
  ): boolean {
    const offset = piece.start + this.#sent;
    const accepted = x.sendFile!(fd, offset, piece.end - offset);
    if (accepted < 0) return this.#cut(x);
    this.#sent += accepted;
    return offset + accepted === piece.end;
  }

  #copy(x: FileExchange<Rendered>, piece: { start: number; end: number }): boolean {
    while (piece.start + this.#sent < piece.end) {
      const offset = piece.start + this.#sent;
      const wanted = Math.min(buffer.length, piece.end - offset);
      const count = this.#representation.file!.readAt(offset, buffer, 0, wanted);
      // The file has shrunk: what the head promised cannot be kept any more.
      if (count <= 0) return this.#cut(x);
      this.#sent += count;
      const wantsMore = x.writeBody(buffer, 0, count);
      if (this.#isOver) return false;
      if (!wantsMore) return this.#sent === piece.end - piece.start;
    }
    return true;
  }

  #cut(x: FileExchange<Rendered>): false {
    this.stop();
    x.abort();
    return false;
  }
}
