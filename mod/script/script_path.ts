/** Maps the copies of scripts to their original paths. */
import { toFileUrl } from "../base/file_url.ts";

/** URL of the original by URL of the copy. */
const originals = new Map<string, string>();

/** Records that the module `copyUrl` was made from the file `original`, with the same lines. */
export function rememberCopy(copyUrl: string, original: string): void {
  originals.set(copyUrl, toFileUrl(original));
}

/** Replaces the URLs of copies by their originals in a stack trace or other text. */
export function withOriginalPaths(text: string): string {
  if (originals.size === 0) return text;
  return text.replace(/file:\/\/[^\s):]+/g, (url) => originals.get(url) ?? url);
}
