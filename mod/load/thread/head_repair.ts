/**
 * Rewrites response heads of careless servers into the form that the parser accepts. Only heads that the
 * parser has rejected are repaired, so it stays strict and fast; the proxy never uses this.
 */
import { defaultLimits, Fault } from "../../http1/mod.ts";

const CR = 13, LF = 10, SP = 32, HTAB = 9;

/** True for faults that all common clients tolerate. */
export function isRepairable(fault: number): boolean {
  return fault === Fault.bareLineFeed || fault === Fault.obsFold || fault === Fault.contentLength ||
    fault === Fault.contentLengthRepeated;
}

export interface RepairedHead {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Offset after the head as it was sent. */
  readonly sentEnd: number;
}

/**
 * The head that begins at `start`: lines may end with LF alone (RFC 9112 2.2), a folded line is joined
 * by a blank (5.2), and a Content-Length that is repeated with the same value counts once (6.3).
 * Null while the head is incomplete.
 */
export function repairHead(bytes: Uint8Array, start: number, end: number): RepairedHead | null {
  const lines: string[] = [];
  const limit = Math.min(end, start + defaultLimits.headBytesMax);
  let lineStart = start;
  for (let at = start; at < limit; at++) {
    if (bytes[at] !== LF) continue;
    const lineEnd = at > lineStart && bytes[at - 1] === CR ? at - 1 : at;
    const isFolded = lineEnd > lineStart && lines.length > 1 &&
      (bytes[lineStart] === SP || bytes[lineStart] === HTAB);
    // Bytes as characters of the same value (Latin-1), converted back below.
    const line = String.fromCharCode(...bytes.subarray(lineStart, lineEnd));
    if (lineEnd === lineStart) return { bytes: join(withoutRepeats(lines)), sentEnd: at + 1 };
    if (isFolded) lines[lines.length - 1] = `${lines[lines.length - 1].trimEnd()} ${line.trim()}`;
    else lines.push(line);
    lineStart = at + 1;
  }
  return null;
}

/** Different values are kept, and the parser rejects them. */
function withoutRepeats(lines: readonly string[]): string[] {
  let length: string | null = null;
  return lines.flatMap((line) => {
    const match = /^content-length:(.*)$/i.exec(line);
    if (match === null) return [line];
    const values = [...new Set(match[1].split(",").map((value) => value.trim()))];
    if (values.length > 1) return [line];
    if (values[0] === length) return [];
    length = values[0];
    return [`Content-Length: ${length}`];
  });
}

function join(lines: readonly string[]): Uint8Array<ArrayBuffer> {
  const text = `${lines.join("\r\n")}\r\n\r\n`;
  return Uint8Array.from(text, (letter) => letter.charCodeAt(0));
}
