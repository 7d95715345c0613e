/** Why a request to the ACME server failed. A value, never thrown. */

/** Texts of servers are logged and shown in terminals: bounded, without line breaks and controls. */
const messageCharsMax = 400;
const unprintable = /[\p{C}\p{Zl}\p{Zp}]+/gu;

export class AcmeFault {
  readonly message: string;

  constructor(
    message: string,
    /** The problem's type without its namespace (RFC 8555 6.7), such as `badNonce`; "" for none. */
    readonly type: string = "",
    /** The server's Retry-After; null without one. */
    readonly retryAfterMs: number | null = null,
  ) {
    const text = message.replace(unprintable, " ").slice(0, messageCharsMax);
    this.message = text.toWellFormed();
  }
}
