/**
 * What an access log can be told about one exchange.
 *
 * The caller implements it on an object that it reuses. Only what the compiled format mentions is
 * asked for; `AccessFormat.requestFields` and `responseFields` say which fields the caller has to
 * keep until the exchange ends. All text is as it came from the wire, one character per byte.
 */
export interface AccessRecord {
  /** "" when no request could be read. */
  readonly method: string;
  /** The request line as it came, where it is none ("" and absent: nothing came). */
  readonly rawLine?: string;
  /** The request-target as sent. */
  readonly target: string;
  /** "HTTP/1.1", or "" when no request could be read. */
  readonly protocol: string;
  /** Host field or the target's authority. */
  readonly authority: string;
  /** Name of the configured host that answered. */
  readonly hostName: string;
  /** 0 when no answer was made. */
  readonly status: number;
  /** Status before an internal redirect or error document replaced it. */
  readonly originalStatus: number;
  readonly responseBodyBytes: number;
  readonly responseHeadBytes: number;
  readonly requestBodyBytes: number;
  /** Wall clock, milliseconds since 1970, with a fraction where known. */
  readonly receivedAtMs: number;
  readonly connectionId: number;
  /** 1 for the first request of a connection. */
  readonly requestIndex: number;
  /** What went wrong, for `%{error}x`; "" when nothing did. */
  readonly error: string;
  /** The request's name, for `%{request-id}x`; null when it has none. */
  requestId(): string | null;
  /** IP literal without brackets; null for a unix socket. */
  remoteAddress(): string | null;
  remotePort(): number | null;
  localAddress(): string | null;
  localPort(): number | null;
  /** `name` is lower case. */
  requestField(name: string): string | null;
  responseField(name: string): string | null;
  /** As `responseField`, of the response before an error document replaced it. */
  originalResponseField(name: string): string | null;
  /** A `setenv` variable, for `%{NAME}e`. */
  variable(name: string): string | null;
  /** Milliseconds (with a fraction), negative when it was not measured. */
  timingMs(timing: Timing): number;
  /** Bytes from or to the upstream, 0 when there was none. */
  proxyBytes(what: ProxyBytes): number;
  /** `protocol-version`, `cipher`, ... of the connection, or of the upstream's with `proxy.` in front. */
  tls(name: string): string | null;
  /** Of the peer that was asked last; null without one. */
  upstream(what: UpstreamFact): string | number | null;
}

/** h2o's words: the phases of an exchange. */
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

/** Name of the group, address of its peer, how many attempts were made, and what the peer answered. */
export type UpstreamFact = "name" | "addr" | "tries" | "status";

export type ProxyBytes =
  | "request"
  | "request-header"
  | "request-body"
  | "response"
  | "response-header"
  | "response-body";
