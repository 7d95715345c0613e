/** Requests as the bytes that go over the wire. */
import { concat } from "../../std/bytes.ts";

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
  const length = parts.body === null ? null : `${parts.body.length}`;
  const fields = fieldsOf({ ...parts, length });
  const lines = fields.map(({ name, value }) => `${name}: ${value}\r\n`);
  const head = encoder.encode(`${startLine(parts)}${lines.join("")}\r\n`);
  return concat(parts.body === null ? [head] : [head, parts.body]);
}

/** `GET / HTTP/1.1` with its line end. */
export function startLine(
  { method, path, http10 }: Pick<RequestParts, "method" | "path" | "http10">,
): string {
  return `${method} ${path} HTTP/1.${http10 ? 0 : 1}\r\n`;
}

/** What decides the fields of a request; values are text, or parts of a varying request. */
export interface FieldParts<Value> {
  readonly method: string;
  readonly authority: Value;
  readonly headers: readonly { readonly name: string; readonly value: Value }[];
  readonly userinfo?: string | null;
  /** Of the body; null: there is none. */
  readonly length: Value | null;
  readonly http10: boolean;
  readonly keepalive: boolean;
}

/** The fields in the order in which they are sent: the user's, and ours unless the user has them. */
export function fieldsOf<Value>(
  parts: FieldParts<Value | string>,
): { readonly name: string; readonly value: Value | string }[] {
  const has = (name: string) => parts.headers.some((field) => field.name.toLowerCase() === name);
  const fields: { name: string; value: Value | string }[] = [];
  if (!has("host")) fields.push({ name: "Host", value: parts.authority });
  fields.push(...parts.headers);
  if (parts.userinfo && !has("authorization")) {
    fields.push({ name: "Authorization", value: basicCredentials(parts.userinfo) });
  }
  if (!has("connection")) {
    if (!parts.keepalive) fields.push({ name: "Connection", value: "close" });
    else if (parts.http10) fields.push({ name: "Connection", value: "keep-alive" });
  }
  const needsLength = parts.length !== null || methodsWithBody.has(parts.method);
  if (needsLength && !has("content-length") && !has("transfer-encoding")) {
    fields.push({ name: "Content-Length", value: parts.length ?? "0" });
  }
  return fields;
}
