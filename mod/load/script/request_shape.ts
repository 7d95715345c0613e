/** Checks the parts of a request that scripts return: nothing is dropped or changed silently. Pure. */
import { headerFault, isMethod } from "../request/request_bytes.ts";

export type Pair = readonly [name: string, value: string];

const parts: readonly string[] = ["method", "path", "headers", "body"];

/** A value in an error message, short. */
export function show(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value.slice(0, 40));
  if (typeof value === "function") return "a function";
  if (typeof value !== "object" || value === null) return String(value);
  if (value instanceof Promise) return "a promise";
  if (Array.isArray(value)) return "a list";
  const name = Object.getPrototypeOf(value)?.constructor?.name ?? "Object";
  return name === "Object" ? "an object" : `a ${name}`;
}

/** Throws `TypeError` unless `value` has parts of a request and nothing else. */
export function checkDescription(value: unknown): asserts value is Record<string, unknown> {
  const needed = "expected a string, bytes or { method, path, headers, body }";
  if (value instanceof Promise) {
    throw new TypeError("request() returned a promise: it must not be async; wait in init()");
  }
  if (typeof value !== "object" || value === null) {
    throw new TypeError(`request() returned ${show(value)}: ${needed}`);
  }
  const keys = Object.keys(value);
  const prototype = Object.getPrototypeOf(value);
  if (keys.length === 0 && prototype !== Object.prototype && prototype !== null) {
    throw new TypeError(`request() returned ${show(value)}: ${needed}`);
  }
  const unknown = keys.filter((key) => !parts.includes(key));
  if (unknown.length > 0) {
    throw new TypeError(
      `request() returned an object with ${unknown.join(", ")} (allowed: ${parts.join(", ")})`,
    );
  }
}

/** The method, or a `TypeError`. */
export function readMethod(value: unknown): string {
  if (typeof value === "string" && isMethod(value)) return value;
  throw new TypeError(`${show(value)} is not an HTTP method`);
}

/** The request-target, or a `TypeError`. */
export function readPath(value: unknown): string {
  if (typeof value !== "string") throw new TypeError(`the path is ${show(value)}: expected text`);
  if (value === "") throw new TypeError("the path is empty: use /");
  if (/[\x00-\x20\x7f]/.test(value)) {
    throw new TypeError(`the path ${JSON.stringify(value)} has blanks or control characters`);
  }
  return value;
}

/** Text or bytes, null for no body, or a `TypeError`. */
export function readContent(value: unknown): string | Uint8Array | null {
  if (value === null || value === undefined) return null;
  if (typeof value === "string" || value instanceof Uint8Array) return value;
  if (value instanceof ArrayBuffer) return new Uint8Array(value);
  if (ArrayBuffer.isView(value)) {
    return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
  }
  throw new TypeError(
    `the body is ${show(value)}: expected text or bytes` +
      (typeof value === "object" ? " (use JSON.stringify)" : ""),
  );
}

/**
 * The fields of an object, of `Headers`, or of a list of pairs, in their order; a list as a value is
 * that many fields. Throws `TypeError` for anything else.
 */
export function readFields(headers: unknown): Pair[] {
  if (headers === null || headers === undefined) return [];
  if (typeof headers !== "object") {
    throw new TypeError(`headers are ${show(headers)}: expected an object of names and values`);
  }
  const entries: Iterable<unknown> = Array.isArray(headers) || Symbol.iterator in headers
    ? headers as Iterable<unknown>
    : Object.entries(headers);
  const pairs: Pair[] = [];
  for (const entry of entries) {
    if (!Array.isArray(entry) || entry.length !== 2 || typeof entry[0] !== "string") {
      throw new TypeError(`headers hold ${show(entry)}: expected a pair of name and value`);
    }
    const [name, value] = entry;
    for (const each of Array.isArray(value) ? value : [value]) pairs.push(readField(name, each));
  }
  return pairs;
}

function readField(name: string, value: unknown): Pair {
  if (typeof value !== "string" && typeof value !== "number" && typeof value !== "boolean") {
    throw new TypeError(`header ${JSON.stringify(name)} is ${show(value)}: expected text`);
  }
  const fault = headerFault(name, String(value));
  if (fault !== null) throw new TypeError(`header ${JSON.stringify(name)}: ${fault}`);
  return [name, String(value)];
}

/** `first`, without those that `second` has under the same name, then `second`. */
export function mergeFields(first: readonly Pair[], second: readonly Pair[]): Pair[] {
  const replaced = new Set(second.map(([name]) => name.toLowerCase()));
  return [...first.filter(([name]) => !replaced.has(name.toLowerCase())), ...second];
}
