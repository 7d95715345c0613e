/** A trailer field of a body, copied out of the connection's buffer. */
export interface TrailerField {
  /** As sent. */
  readonly name: string;
  readonly value: string;
}

/**
 * Fields that are meaningless or dangerous after the content: framing, routing, request modifiers,
 * authentication, response control, content format (RFC 9110 6.5.1).
 */
const neverTrailers = new Set(
  `content-length transfer-encoding host connection keep-alive proxy-connection te trailer upgrade
  expect max-forwards cache-control pragma range if-match if-none-match if-modified-since
  if-unmodified-since if-range authorization proxy-authorization proxy-authenticate
  www-authenticate authentication-info proxy-authentication-info cookie set-cookie age date
  expires location retry-after vary warning content-encoding content-type content-range
  via forwarded x-real-ip`.split(/\s+/),
);

/**
 * Whether a trailer field of this name, in lower case, must be dropped (RFC 9110 6.5.1). Some
 * applications read `Content_Length` as the same name.
 */
export function isForbiddenTrailer(lowerName: string): boolean {
  const name = lowerName.replace(/[^a-z0-9]/g, "-");
  return neverTrailers.has(name) || name.startsWith("x-forwarded-");
}
