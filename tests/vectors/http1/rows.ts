/** Rows of the HTTP/1.1 tables, and the parts they share. */

/**
 * Bytes that a client sends on a new connection, and the possible outcomes.
 *
 * `bytes` is Latin-1 text. `reads` is what our codec finds in it, message by message:
 * `POST /a [data] {Trailer: value}`, with ` 1.0` after the target for HTTP/1.0 and ` close` at the
 * end when the connection does not survive the message; last, where it applies, `fault <name>`,
 * `partial head` or `partial body`.
 *
 * `allowed` are the outcomes that the RFCs leave to a server, seen from outside: the statuses of the
 * final responses in order (`any`: any status for a valid request), then
 * - `next`: the connection stays open, and a further request on it gets a response,
 * - `close`: the server closes without another response,
 * - `wait`: the server waits for the rest of the message.
 */
export interface RequestRow {
  readonly name: string;
  /** RFC and section, such as `9112 6.3`. */
  readonly section: string;
  readonly bytes: string;
  readonly reads: readonly string[];
  readonly allowed: readonly string[];
  /** The bytes after the last complete message, or those of a partial head. */
  readonly leftover: string;
}

/** Refused, or closed without a response. */
export const refused = ["400 close", "close"] as const;
/** The same for a fault in content: a server may have answered before it read that far. */
export const refusedLate = [...refused, "any close"] as const;
/** The RFC requires this response. */
export const refused400 = ["400 close"] as const;
/** A valid request on a connection that stays open. */
export const answered = ["any next"] as const;
export const answeredThenClosed = ["any close"] as const;
/** The RFC lets a server be lenient here. */
export const either = ["400 close", "close", "any next", "any close"] as const;

/** One row; `reads` is a single message or a list. */
export function row(
  name: string,
  section: string,
  bytes: string,
  reads: string | readonly string[],
  allowed: readonly string[],
  leftover = "",
): RequestRow {
  return { name, section, bytes, reads: typeof reads === "string" ? [reads] : reads, allowed, leftover };
}
