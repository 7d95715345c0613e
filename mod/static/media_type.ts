/** The media type of a file by its name. */

/** What a file of unknown kind is sent as (RFC 9110 section 8.3 allows guessing; we do not guess). */
export const unknownType = "application/octet-stream";

/** By extension; null: not loaded. */
let contentType: ((extension: string) => string | undefined) | null = null;

/**
 * Loads the table that `mediaTypeOf` looks into. It is a quarter of a megabyte of source, a tenth of a
 * proxy's start, so only who serves files loads it, before the first file.
 */
export async function loadMediaTypes(): Promise<void> {
  contentType ??= (await import("../std/media_types.ts")).contentType;
}

/**
 * The `Content-Type` for `name`. `overrides` maps extensions (".foo", lower case) to types and wins,
 * as h2o's `file.mime.addtypes` wants it.
 */
export function mediaTypeOf(
  name: string,
  overrides: ReadonlyMap<string, string> | null,
  fallback: string = unknownType,
): string {
  const dot = name.lastIndexOf(".");
  if (dot < 0) return fallback;
  const extension = name.slice(dot).toLowerCase();
  return overrides?.get(extension) ?? known(extension) ?? fallback;
}

const cache = new Map<string, string | undefined>();

function known(extension: string): string | undefined {
  // TypeScript's source would else be an MPEG transport stream.
  if (extension === ".ts" || extension === ".mts") return "text/plain; charset=UTF-8";
  if (contentType === null) throw new TypeError("Cannot tell media types: they are not loaded");
  if (!cache.has(extension) && cache.size < 1000) cache.set(extension, contentType(extension));
  return cache.get(extension);
}
