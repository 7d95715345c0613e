/** What pages wait for before they are drawn, by its media type. */
import { COLON, CR, LF, SP } from "../../http/char_class.ts";
import { latin1 } from "../../http/latin1.ts";
import { equalsLower } from "../../http/message_head.ts";

const name = "content-type";
const longestType = 64;
/** A body of this size is gone at once, unless others wait. */
export const promptBytesMax = 16_384;

/** Style sheets and scripts (h2o's types), and fonts, without which no text is drawn. */
const urgent = /^(text\/css|(text|application)\/(java|ecma)script)(;|$)/;
const font = /^(font\/|application\/font-|application\/vnd\.ms-fontobject)/;

/**
 * The urgency (RFC 9218 4.1) of a response with the field lines `[start, end)`, if neither side has
 * given one: 0 and 1 for what blocks a page, -1 for everything else.
 */
export function assetUrgency(lines: Uint8Array, start: number, end: number): number {
  for (let at = start; at < end;) {
    const lineEnd = lines.indexOf(LF, at);
    if (lineEnd < 0) break;
    if (lines[at + name.length] === COLON && equalsLower(lines, at, name)) {
      return urgencyOf(lines, at + name.length + 1, lineEnd);
    }
    at = lineEnd + 1;
  }
  return -1;
}

function urgencyOf(lines: Uint8Array, start: number, end: number): number {
  let from = start;
  let to = Math.min(end, start + longestType);
  while (from < to && lines[from] === SP) from++;
  if (lines[to - 1] === CR) to--;
  const type = latin1(lines, from, to).toLowerCase();
  if (urgent.test(type)) return 0;
  return font.test(type) ? 1 : -1;
}
