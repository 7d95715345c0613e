/** Where scripts really lie. */

/** URL of a copy to the URL of its original. */
const originals = new Map<string, string>();

/** `file:///a%20b` for `/a b`. */
export function toFileUrl(path: string): string {
  return "file://" + path.split("/").map(encodeURIComponent).join("/");
}

/** Remembers that the module `copyUrl` was made from the file at `original`; lines are the same. */
export function rememberCopy(copyUrl: string, original: string): void {
  originals.set(copyUrl, toFileUrl(original));
}

/** A stack trace, or any text with URLs, where copies are named by their originals. */
export function withOriginalPaths(text: string): string {
  if (originals.size === 0) return text;
  return text.replace(/file:\/\/[^\s):]+/g, (url) => originals.get(url) ?? url);
}
