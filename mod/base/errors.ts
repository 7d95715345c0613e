/** Where a failure comes from. Failures caused by a peer are values, never a `throw`. */
export type ErrorSource = "downstream" | "upstream" | "config" | "internal";

/**
 * A failed connection or exchange, caused by the peer or the system.
 *
 * `code` is an errno name (`ECONNREFUSED`) or one of ours (`ETIMEDOUT` for a deadline that passed,
 * `EPROTO` for a protocol violation, `EEOF` for an end in the middle of a message, `EVERSION` for a
 * request that the peer wants over HTTP/1.1).
 */
export class PeerError {
  constructor(
    readonly code: string,
    readonly source: ErrorSource,
    /** One plain phrase for a log line; no trailing full stop. */
    readonly message: string,
    /** True when the request may be sent again: the peer cannot have acted on any of it. */
    readonly retrySafe: boolean = false,
    readonly cause: unknown = null,
  ) {}
}

/**
 * A start-up failure that the user can fix: bad options, a port in use, a broken config file.
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

/** The system's reason from an error that Deno threw, without the "(os error 2): open 'x'" tail. */
export function systemReason(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.replace(/ \(os error \d+\).*$/s, "");
}
