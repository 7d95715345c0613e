/**
 * Converts a request-target to a path that cannot leave the root.
 *
 * Only the text is checked here; the code that opens the file checks links.
 */

/** Why a target has no path: `bad` is answered with 400, `absent` with 404. */
export type PathFault = "bad" | "absent";

/** A decoded path: segments contain no "/" or NUL, and none is empty, "." or "..". */
export interface TargetPath {
  readonly segments: readonly string[];
  /** The path ends in "/", so it is a folder. */
  readonly isFolder: boolean;
}

/** No longer path can exist on Linux (PATH_MAX). */
const pathCharsMax = 4096;
const utf8 = new TextDecoder("utf-8", { fatal: true });

/**
 * Decodes the path of an origin-form target (`/a/b?q`), without the query.
 *
 * Percent-escapes are decoded once, before dot segments are removed, so that no escape can hide a
 * ".." or a "/" (RFC 3986 section 6.2.2.3). Faults are a ".." above the root, a NUL, an unescaped
 * backslash (which clients turn into "/"), and bytes that are not UTF-8, because Deno supports only
 * text as file names.
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

/** Decodes `%XX` once, as UTF-8; null for a malformed escape or invalid UTF-8. */
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

/** Joins segments to a URL path; escapes all but unreserved characters (RFC 3986 section 2.3). */
export function encodePath(segments: readonly string[], isFolder: boolean): string {
  const path = "/" + segments.map(encodeURIComponent).join("/");
  return isFolder && segments.length > 0 ? path + "/" : path;
}
