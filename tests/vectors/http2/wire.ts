/** Frames and field blocks as bytes, for tables of inputs. */

export const Type = {
  data: 0,
  headers: 1,
  priority: 2,
  reset: 3,
  settings: 4,
  push: 5,
  ping: 6,
  goaway: 7,
  window: 8,
  continuation: 9,
  priorityUpdate: 16,
} as const;

/** END_STREAM or ACK. */
export const end = 1;
export const endHeaders = 4;
export const padded = 8;
export const prioritized = 32;
/** The flags of a whole request without a body. */
export const whole = end | endHeaders;

export const preface = text("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");

/** Text and numbers as bytes; text is Latin-1. */
export function bytes(...parts: readonly (string | number | Uint8Array)[]): Uint8Array {
  const count = (part: string | number | Uint8Array) => typeof part === "number" ? 1 : part.length;
  // Floods have a megabyte: filled in place, because a list of numbers takes seconds on a busy machine.
  const all = new Uint8Array(parts.reduce<number>((sum, part) => sum + count(part), 0));
  let at = 0;
  for (const part of parts) {
    if (typeof part === "number") all[at] = part;
    else all.set(typeof part === "string" ? text(part) : part, at);
    at += count(part);
  }
  return all;
}

export function text(value: string): Uint8Array {
  return Uint8Array.from(value, (letter) => letter.charCodeAt(0));
}

/** Hexadecimal digits with blanks, as RFC 7541 prints them. */
export function hex(digits: string): Uint8Array {
  return Uint8Array.from(digits.replace(/\s/g, "").match(/../g) ?? [], (pair) => parseInt(pair, 16));
}

/** Big-endian bytes of `value`. */
export function int(value: number, count: number): Uint8Array {
  return Uint8Array.from({ length: count }, (_, i) => value / 256 ** (count - 1 - i) & 255);
}

export function frame(
  type: number,
  flags: number,
  id: number,
  ...payload: readonly (string | number | Uint8Array)[]
): Uint8Array {
  const content = bytes(...payload);
  return bytes(int(content.length, 3), type, flags, int(id, 4), content);
}

/** A field block of literals that are never put in a table, without Huffman coding. */
export function block(...fields: readonly (readonly [name: string, value: string])[]): Uint8Array {
  return bytes(...fields.flatMap(([name, value]) => [0, string(name), string(value)]));
}

function string(value: string): Uint8Array {
  const count = value.length;
  if (count < 127) return bytes(count, value);
  const rest = count - 127;
  const digits = [];
  for (let left = rest;; left >>= 7) {
    digits.push(left >= 128 ? (left & 127) | 128 : left);
    if (left < 128) break;
  }
  return bytes(127, ...digits, value);
}

export const getFields = [
  [":method", "GET"],
  [":scheme", "http"],
  [":path", "/"],
  [":authority", "a.example"],
] as const;
export const postFields = [[":method", "POST"], ...getFields.slice(1)] as const;

/** HEADERS of a request that ends its stream, with more fields after those of `GET /`. */
export function get(id: number, ...more: readonly (readonly [string, string])[]): Uint8Array {
  return frame(Type.headers, whole, id, block(...getFields, ...more));
}

/** HEADERS of a request whose body follows. */
export function post(id: number, ...more: readonly (readonly [string, string])[]): Uint8Array {
  return frame(Type.headers, endHeaders, id, block(...postFields, ...more));
}

export function settings(...pairs: readonly (readonly [id: number, value: number])[]): Uint8Array {
  return frame(Type.settings, 0, 0, ...pairs.flatMap(([id, value]) => [int(id, 2), int(value, 4)]));
}

export function window(id: number, increment: number): Uint8Array {
  return frame(Type.window, 0, id, int(increment, 4));
}

export function reset(id: number, code = 8): Uint8Array {
  return frame(Type.reset, 0, id, int(code, 4));
}

export function data(id: number, flags: number, content: string): Uint8Array {
  return frame(Type.data, flags, id, content);
}
