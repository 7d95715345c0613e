/** What sending a file needs of an exchange; the server connection of conn has it. */
import type { Framing } from "../http1/message_head.ts";

/** Collects the field lines of a response head. */
export interface FieldWriter {
  field(name: string, value: string): void;
}

/**
 * One request being answered.
 *
 * @typeParam Rendered a whole response in wire form, made once and sent often.
 */
export interface FileExchange<Rendered> {
  readonly isHead: boolean;
  /** Sends head and body of a rendered response. */
  respond(rendered: Rendered): void;
  beginHead(status: number): FieldWriter;
  endHead(framing: Framing, contentLength: number): void;
  /** Everything is accepted; false: wait for the drain before more is offered. */
  writeBody(bytes: Uint8Array, start: number, end: number): boolean;
  /** Absent: no. */
  readonly canSendFile?: boolean;
  /**
   * Sends from a descriptor with sendfile(2). Returns how many bytes were accepted: fewer than
   * asked for mean waiting for the drain, -1 that the file ended early or could not be read.
   */
  sendFile?(fd: number, offset: number, length: number): number;
  endBody(): void;
  /** The body cannot be completed: the connection is cut, so that the client notices. */
  abort(): void;
}
