/** IP literals to bytes and back. */

/**
 * Four or sixteen bytes in network order, or null when `text` is not an IP literal. Zones (`%eth0`)
 * are refused.
 */
export function parseIp(text: string): Uint8Array | null {
  return text.includes(":") ? parseV6(text) : parseV4(text);
}

function parseV4(text: string): Uint8Array | null {
  const parts = text.split(".");
  if (parts.length !== 4) return null;
  const bytes = new Uint8Array(4);
  for (let i = 0; i < 4; i++) {
    // No leading zeros: some resolvers read them as octal, so "010.0.0.1" has two meanings.
    if (!/^(0|[1-9]\d{0,2})$/.test(parts[i]) || Number(parts[i]) > 255) return null;
    bytes[i] = Number(parts[i]);
  }
  return bytes;
}

/** RFC 4291 section 2.2, including the form with an IPv4 tail. */
function parseV6(text: string): Uint8Array | null {
  const halves = text.split("::");
  if (halves.length > 2) return null;
  const head = groups(halves[0], halves.length === 1);
  const tail = halves.length === 2 ? groups(halves[1], true) : [];
  if (head === null || tail === null) return null;
  const missing = 8 - head.length - tail.length;
  if (halves.length === 1 ? missing !== 0 : missing < 1) return null;
  const all = [...head, ...new Array<number>(missing).fill(0), ...tail];
  const bytes = new Uint8Array(16);
  all.forEach((group, i) => {
    bytes[2 * i] = group >> 8;
    bytes[2 * i + 1] = group & 255;
  });
  return bytes;
}

/** `atEnd`: these groups end the address, so the last one may be an IPv4 address. */
function groups(text: string, atEnd: boolean): number[] | null {
  if (text === "") return [];
  const result: number[] = [];
  const parts = text.split(":");
  for (let i = 0; i < parts.length; i++) {
    if (atEnd && i === parts.length - 1 && parts[i].includes(".")) {
      const v4 = parseV4(parts[i]);
      if (v4 === null) return null;
      result.push(v4[0] << 8 | v4[1], v4[2] << 8 | v4[3]);
    } else if (/^[0-9a-fA-F]{1,4}$/.test(parts[i])) {
      result.push(parseInt(parts[i], 16));
    } else {
      return null;
    }
  }
  return result;
}

/** The canonical text of RFC 5952: lower case, the longest run of zero groups as `::`. */
export function formatIp(bytes: Uint8Array): string {
  if (bytes.length === 4) return bytes.join(".");
  const all = Array.from({ length: 8 }, (_, i) => bytes[2 * i] << 8 | bytes[2 * i + 1]);
  const run = longestZeroRun(all);
  const text = (from: number, to: number) =>
    all.slice(from, to).map((g) => g.toString(16)).join(":");
  if (run.length < 2) return text(0, 8);
  return `${text(0, run.start)}::${text(run.start + run.length, 8)}`;
}

function longestZeroRun(all: readonly number[]): { start: number; length: number } {
  let best = { start: 0, length: 0 };
  for (let start = 0; start < 8; start++) {
    let end = start;
    while (end < 8 && all[end] === 0) end++;
    if (end - start > best.length) best = { start, length: end - start };
  }
  return best;
}

/**
 * Reduces an IPv4-mapped IPv6 address (`::ffff:192.0.2.1`) to its four bytes; returns others as is.
 */
export function unmapped(bytes: Uint8Array): Uint8Array {
  if (bytes.length !== 16 || bytes[10] !== 255 || bytes[11] !== 255) return bytes;
  for (let i = 0; i < 10; i++) if (bytes[i] !== 0) return bytes;
  return bytes.subarray(12);
}
