import type { KeptText } from "./kept_text.ts";

/**
 * The data of one exchange for an access log.
 *
 * The caller implements it on an object that it reuses. Only what the compiled format uses is read;
 * `AccessFormat.requestFields` and `responseFields` list the fields that the caller must keep until
 * the exchange ends. All text is as received, one character per byte.
 */
export interface AccessRecord {
  /** "" when the request could not be parsed. */
  readonly method: string;
  /** The malformed request line as received ("" or absent: nothing was received). */
  readonly rawLine?: string;
  /** The request-target as sent. */
  readonly target: string | KeptText;
  /** "HTTP/1.1", or "" when the request could not be parsed. */
  readonly protocol: string;
  /** Host field or the target's authority. */
  readonly authority: string | KeptText;
  /** Name of the configured host that answered. */
  readonly hostName: string;
  /** 0 without a response. */
  readonly status: number;
  /** Status before an internal redirect or error document replaced it. */
  readonly originalStatus: number;
  readonly responseBodyBytes: number;
  readonly responseHeadBytes: number;
  readonly requestBodyBytes: number;
  /** Wall clock in milliseconds since 1970, with a fraction where known. */
  readonly receivedAtMs: number;
  readonly connectionId: number;
  /** 1 for the first request of a connection. */
  readonly requestIndex: number;
  /** The error for `%{error}x`; "" without one. */
  readonly error: string;
  /** The request ID for `%{request-id}x`; null without one. */
  requestId(): string | null;
  /** IP literal without brackets; null for a unix socket. */
  remoteAddress(): string | null;
  remotePort(): number | null;
  localAddress(): string | null;
  localPort(): number | null;
  /** `name` is lower case. */
  requestField(name: string): string | KeptText | null;
  responseField(name: string): string | null;
  /** `responseField` of the response before an error document replaced it. */
  originalResponseField(name: string): string | null;
  /** A `setenv` variable, for `%{NAME}e`. */
  variable(name: string): string | null;
  /** Milliseconds (with a fraction); negative when not measured. */
  timingMs(timing: Timing): number;
  /** Bytes to or from the upstream; 0 without one. */
  proxyBytes(what: ProxyBytes): number;
  /** `protocol-version`, `cipher`, ... of the connection; prefixed with `proxy.`, of the upstream. */
  tls(name: string): string | null;
  /** Facts of the last peer tried; null without one. */
  upstream(what: UpstreamFact): string | number | null;
}

/** The phases of an exchange, by h2o's names. */
export type Timing =
  | "connect"
  | "request-header"
  | "request-body"
  | "request-total"
  | "process"
  | "response"
  | "total"
  | "proxy.idle"
  | "proxy.connect"
  | "proxy.request"
  | "proxy.process"
  | "proxy.response"
  | "proxy.total";

/** Name of the upstream, address of the peer, number of attempts, and the peer's status. */
export type UpstreamFact = "name" | "addr" | "tries" | "status";

export type ProxyBytes =
  | "request"
  | "request-header"
  | "request-body"
  | "response"
  | "response-header"
  | "response-body";
