/**
 * The static table (RFC 7541 appendix A). Its entries are field lines in one run of bytes, because
 * everything that reads a head expects a field to be a line: `name: value CRLF`.
 */
import { latin1Bytes } from "../../http/latin1.ts";
import { entryKind, nameKind } from "../fields/entry_kind.ts";

/** Index 1 is `:authority`. */
export const staticFields: readonly (readonly [name: string, value: string])[] = [
  [":authority", ""],
  [":method", "GET"],
  [":method", "POST"],
  [":path", "/"],
  [":path", "/index.html"],
  [":scheme", "http"],
  [":scheme", "https"],
  ...["200", "204", "206", "304", "400", "404", "500"].map((code) => [":status", code] as const),
  ["accept-charset", ""],
  ["accept-encoding", "gzip, deflate"],
  ...`accept-language accept-ranges accept access-control-allow-origin age allow authorization
  cache-control content-disposition content-encoding content-language content-length
  content-location content-range content-type cookie date etag expect expires from host if-match
  if-modified-since if-none-match if-range if-unmodified-since last-modified link location
  max-forwards proxy-authenticate proxy-authorization range referer refresh retry-after server
  set-cookie strict-transport-security transfer-encoding user-agent vary via www-authenticate`
    .split(/\s+/).map((name) => [name, ""] as const),
];

/** Number of entries; the dynamic table begins at the next index. */
export const staticCount = staticFields.length;

export const staticBytes = latin1Bytes(
  staticFields.map(([name, value]) => `${name}: ${value}\r\n`).join(""),
);
/** Four offsets for each index: nameStart, nameEnd, valueStart, valueEnd. Index 0 is unused. */
export const staticOffsets = new Int32Array(4 * (staticCount + 1));
/** The `EntryKind` of each index. */
export const staticKinds = new Uint8Array(staticCount + 1);
/** The `EntryKind` of each index's name, with any value. */
export const staticNameKinds = new Uint8Array(staticCount + 1);

{
  let at = 0;
  staticFields.forEach(([name, value], i) => {
    const slot = 4 * (i + 1);
    staticOffsets[slot] = at;
    staticOffsets[slot + 1] = at + name.length;
    staticOffsets[slot + 2] = at + name.length + 2;
    staticOffsets[slot + 3] = at + name.length + 2 + value.length;
    const [nameStart, nameEnd, valueStart, valueEnd] = staticOffsets.subarray(slot, slot + 4);
    staticKinds[i + 1] = entryKind(staticBytes, nameStart, nameEnd, valueStart, valueEnd);
    staticNameKinds[i + 1] = nameKind(staticBytes, nameStart, nameEnd);
    at = valueEnd + 2;
  });
}
