/** Media types by file name. */

/** Type of an unknown file. RFC 9110 section 8.3 would allow sniffing, which is not done here. */
export const unknownType = "application/octet-stream";

/** Looks up an extension; null: the table is not loaded. */
let contentType: ((extension: string) => string | undefined) | null = null;

/**
 * Loads the table of `mediaTypeOf`, to be called before the first file is served. The table is 250 KB
 * of source and a tenth of a proxy's start time, so it is loaded only where files are served.
 */
export async function loadMediaTypes(): Promise<void> {
  contentType ??= (await import("../std/media_types.ts")).contentType;
}

/**
 * The `Content-Type` for `name`. `overrides` maps extensions (".foo", lower case) to types and takes
 * precedence, as h2o's `file.mime.addtypes` does.
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
  // Otherwise TypeScript source would be served as an MPEG transport stream.
  if (extension === ".ts" || extension === ".mts") return "text/plain; charset=UTF-8";
  if (contentType === null) {
    throw new TypeError("Cannot look up a media type: the table is not loaded");
  }
  if (!cache.has(extension) && cache.size < 1000) cache.set(extension, contentType(extension));
  return cache.get(extension);
}
