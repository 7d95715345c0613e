/** Requests as the bytes that go over the wire. */

/** A field of the request, its name in the case the user typed. */
export interface HeaderField {
  readonly name: string;
  readonly value: string;
}

export interface RequestParts {
  readonly method: string;
  readonly path: string;
  /** The value of Host unless `headers` has one. */
  readonly authority: string;
  readonly headers: readonly HeaderField[];
  /** `user:password` for Authorization unless `headers` has one; null: none. */
  readonly userinfo?: string | null;
  readonly body: Uint8Array | null;
  readonly http10: boolean;
  /** Adds `Connection: close`, or `keep-alive` for HTTP/1.0, unless `headers` has a Connection field. */
  readonly keepalive: boolean;
}

const methodsWithBody = new Set(["POST", "PUT", "PATCH"]);
const token = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const encoder = new TextEncoder();

/** Reads `Name: value`; or returns why it is not one. */
export function parseHeader(text: string): HeaderField | string {
  const colon = text.indexOf(":");
  if (colon < 0) return "not Name: value";
  const field = { name: text.slice(0, colon), value: text.slice(colon + 1).trim() };
  return headerFault(field.name, text.slice(colon + 1)) ?? field;
}

/** Why this is not a valid field, or null. */
export function headerFault(name: string, value: string): string | null {
  if (/[\r\n]/.test(name + value)) return "line breaks are not allowed";
  if (!token.test(name)) return `${JSON.stringify(name)} is not a header name`;
  return /[\x00-\x08\x0a-\x1f\x7f]/.test(value) ? "control characters are not allowed" : null;
}

/** True when `text` is a valid method. */
export function isMethod(text: string): boolean {
  return token.test(text);
}

/** The value of Authorization for `user:password` (RFC 7617, in UTF-8). */
export function basicCredentials(userinfo: string): string {
  const bytes = encoder.encode(userinfo.includes(":") ? userinfo : `${userinfo}:`);
  return `Basic ${bytes.toBase64()}`;
}

/** The request's bytes. Everything has been validated before. */
export function buildRequest(parts: RequestParts): Uint8Array<ArrayBuffer> {
  const has = (name: string) => parts.headers.some((field) => field.name.toLowerCase() === name);
  let head = `${parts.method} ${parts.path} HTTP/1.${parts.http10 ? 0 : 1}\r\n`;
  if (!has("host")) head += `Host: ${parts.authority}\r\n`;
  for (const { name, value } of parts.headers) head += `${name}: ${value}\r\n`;
  if (parts.userinfo && !has("authorization")) {
    head += `Authorization: ${basicCredentials(parts.userinfo)}\r\n`;
  }
  if (!has("connection")) {
    if (!parts.keepalive) head += "Connection: close\r\n";
    else if (parts.http10) head += "Connection: keep-alive\r\n";
  }
  const body = parts.body ?? new Uint8Array(0);
  const needsLength = parts.body !== null || methodsWithBody.has(parts.method);
  if (needsLength && !has("content-length") && !has("transfer-encoding")) {
    head += `Content-Length: ${body.length}\r\n`;
  }
  const headBytes = encoder.encode(`${head}\r\n`);
  const bytes = new Uint8Array(headBytes.length + body.length);
  bytes.set(headBytes);
  bytes.set(body, headBytes.length);
  return bytes;
}
