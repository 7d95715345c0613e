/**
 * From a request-target to a path below a root that cannot lead out of it, whatever the client wrote.
 *
 * Only the spelling is judged here; links on the disk are the business of whoever opens the file.
 */

/** Why a target names no file: `bad` is answered 400, `absent` 404. */
export type PathFault = "bad" | "absent";

/** A decoded path: its segments hold no "/", no NUL, and none is empty, "." or "..". */
export interface TargetPath {
  readonly segments: readonly string[];
  /** The path ended in "/", so it names a folder. */
  readonly isFolder: boolean;
}

/** Longer targets name no file on Linux (PATH_MAX). */
const pathCharsMax = 4096;
const utf8 = new TextDecoder("utf-8", { fatal: true });

/**
 * Decodes the path of an origin-form target (`/a/b?q`), query left out.
 *
 * Percent-escapes are decoded once and before dot segments are taken out, so no escape can hide a
 * ".." or a "/" (RFC 3986 section 6.2.2.3). A ".." above the root, a NUL, a backslash that is not
 * escaped (clients make a "/" of it) and bytes that are not UTF-8 are faults: Deno knows names of
 * files as text only.
 */
export function decodeTargetPath(target: string): TargetPath | PathFault {
  const query = target.search(/[?#]/);
  const raw = query < 0 ? target : target.slice(0, query);
  if (raw[0] !== "/") return "bad";
  if (raw.length > pathCharsMax) return "absent";
  const decoded = raw.includes("\\") ? null : decodePercent(raw);
  if (decoded === null || decoded.includes("\0")) return "bad";
  const segments: string[] = [];
  const parts = decoded.split("/");
  for (let i = 1; i < parts.length; i++) {
    const part = parts[i];
    if (part === "" || part === ".") continue;
    if (part !== "..") segments.push(part);
    else if (segments.pop() === undefined) return "bad";
  }
  const last = parts[parts.length - 1];
  return { segments, isFolder: last === "" || last === "." || last === ".." };
}

/** Decodes `%XX` once, as UTF-8; null for a broken escape or other bytes. */
function decodePercent(raw: string): string | null {
  if (!raw.includes("%") && isAscii(raw)) return raw;
  const bytes = new Uint8Array(raw.length);
  let length = 0;
  for (let i = 0; i < raw.length; i++) {
    let code = raw.charCodeAt(i);
    if (code === 0x25) {
      const pair = raw.slice(i + 1, i + 3);
      if (!/^[0-9A-Fa-f]{2}$/.test(pair)) return null;
      code = parseInt(pair, 16);
      i += 2;
    } else if (code > 0xff) return null;
    bytes[length++] = code;
  }
  try {
    return utf8.decode(bytes.subarray(0, length));
  } catch (error) {
    if (error instanceof TypeError) return null;
    throw error;
  }
}

function isAscii(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 0x7f) return false;
  return true;
}

/** Spells segments as an URL path: what is not unreserved (RFC 3986 section 2.3) is escaped. */
export function encodePath(segments: readonly string[], isFolder: boolean): string {
  const path = "/" + segments.map(encodeURIComponent).join("/");
  return isFolder && segments.length > 0 ? path + "/" : path;
}
