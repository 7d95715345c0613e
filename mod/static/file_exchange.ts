/** The part of an exchange that sending a file uses; conn's server connection implements it. */
import type { Framing } from "../http/message_head.ts";

/** Collects the field lines of a response head. */
export interface FieldWriter {
  field(name: string, value: string): void;
}

/**
 * One exchange.
 *
 * @typeParam Rendered a whole response in wire form, rendered once and sent many times.
 */
export interface FileExchange<Rendered> {
  readonly isHead: boolean;
  /** Sends head and body of a rendered response. */
  respond(rendered: Rendered): void;
  beginHead(status: number): FieldWriter;
  endHead(framing: Framing, contentLength: number): void;
  /** All bytes are accepted; false: wait for `onDrain` before the next call. */
  writeBody(bytes: Uint8Array, start: number, end: number): boolean;
  /** Whether `sendFile` may be called next for `length` bytes. Absent: never. */
  canSendFile?(length: number): boolean;
  /**
   * Sends from a descriptor with sendfile(2). Returns the number of bytes accepted: fewer than
   * `length` means waiting for `onDrain`, -1 that the file ended early or could not be read.
   */
  sendFile?(fd: number, offset: number, length: number): number;
  endBody(): void;
  /** Resets the connection, so that the client notices that the body is incomplete. */
  abort(): void;
}
