/** Why a request to the ACME server failed. A value, never thrown. */

/** Texts of servers are logged: bounded, and without line breaks. */
const messageCharsMax = 400;

export class AcmeFault {
  readonly message: string;

  constructor(
    message: string,
    /** The problem's type without its namespace (RFC 8555 6.7), such as `badNonce`; "" for none. */
    readonly type: string = "",
    /** The server's Retry-After; null without one. */
    readonly retryAfterMs: number | null = null,
  ) {
    // deno-lint-ignore no-control-regex
    this.message = message.replace(/[\x00-\x1f\x7f]+/g, " ").slice(0, messageCharsMax);
  }
}
