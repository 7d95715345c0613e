/** Methods that hayate handles specially; every other one is `other`. */
export const Method = {
  other: 0,
  get: 1,
  head: 2,
  post: 3,
  put: 4,
  delete: 5,
  connect: 6,
  options: 7,
  trace: 8,
  patch: 9,
} as const;
export type Method = typeof Method[keyof typeof Method];

/** The name of each method, by its number; `other` has none. */
export const methodNames: readonly string[] = [
  "",
  "GET",
  "HEAD",
  "POST",
  "PUT",
  "DELETE",
  "CONNECT",
  "OPTIONS",
  "TRACE",
  "PATCH",
];

/** The number of the method `[start, end)`; names are case-sensitive (RFC 9110 9.1). */
export function methodOf(bytes: Uint8Array, start: number, end: number): Method {
  const length = end - start;
  if (length === 3 && bytes[start] === 0x47) {
    return bytes[start + 1] === 0x45 && bytes[start + 2] === 0x54 ? Method.get : Method.other;
  }
  for (let method = Method.head as number; method < methodNames.length; method++) {
    const name = methodNames[method];
    if (name.length !== length || name.charCodeAt(0) !== bytes[start]) continue;
    let i = 1;
    while (i < length && name.charCodeAt(i) === bytes[start + i]) i++;
    if (i === length) return method as Method;
  }
  return Method.other;
}
