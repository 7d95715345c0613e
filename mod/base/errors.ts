/** Who caused a failure. A peer's fault is a value on the hot path, never a `throw`. */
export type ErrorSource = "downstream" | "upstream" | "config" | "internal";

/**
 * What a peer or the system did to a connection.
 *
 * `code` is an errno name (`ECONNREFUSED`) or one of ours (`ETIMEDOUT` for a deadline that passed,
 * `EPROTO` for bytes that break the protocol, `EEOF` for an end in the middle of a message).
 */
export class PeerError {
  constructor(
    readonly code: string,
    readonly source: ErrorSource,
    /** One plain phrase for a log line; no trailing full stop. */
    readonly message: string,
    /** True when the same request may be sent again: no byte of it can have been acted upon. */
    readonly retrySafe: boolean = false,
    readonly cause: unknown = null,
  ) {}
}

/**
 * A start-up failure that the user can mend: bad options, a port in use, a broken config file.
 * Only `main.ts` catches it; it prints `message` as one line and exits with `exitCode`.
 */
export class StartError extends Error {
  override readonly name = "StartError";
  constructor(message: string, readonly exitCode: number = 1, options?: ErrorOptions) {
    super(message, options);
  }
}

/** Exit codes, the same in every mode (78 is EX_CONFIG of sysexits.h, which h2o uses too). */
export const exitCodes = {
  ok: 0,
  failed: 1,
  usage: 2,
  threshold: 3,
  config: 78,
  interrupted: 130,
} as const;

/** Of what Deno threw, only what the system said: without its "(os error 2): open 'x'" tail. */
export function systemReason(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.replace(/ \(os error \d+\).*$/s, "");
}
