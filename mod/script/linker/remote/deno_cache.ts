/** Remote modules as Deno keeps them: in `vendor` folders, and in its cache for all projects. */
import { sha256 } from "../../../base/sha256.ts";
import { getVariable } from "../../../process/environment.ts";
import { type MediaKind, mediaKind } from "./media_kind.ts";
import { vendorPath } from "./vendor_path.ts";

/** Reads a file; null if it cannot be read. */
export type ReadText = (path: string) => string | null;

/** What was stored for a URL. */
export type StoredModule =
  | { readonly text: string; readonly kind: MediaKind }
  /** Another URL, which may be relative. */
  | { readonly location: string };

interface Headers {
  readonly location?: string;
  readonly "content-type"?: string;
}

/** manifest.json of a vendor folder: headers of which the file's name does not tell. */
interface Manifest {
  readonly modules?: Readonly<Record<string, { readonly headers?: Headers }>>;
}

/** The folder of Deno's cache; "" where the environment names none. */
export function denoFolder(): string {
  const own = getVariable("DENO_DIR");
  if (own) return own;
  const cache = getVariable("XDG_CACHE_HOME");
  if (cache) return `${cache}/deno`;
  const home = getVariable("HOME");
  return home ? `${home}/.cache/deno` : "";
}

/** null: the folder does not have it. */
export async function readVendored(
  folder: string,
  url: URL,
  read: ReadText,
): Promise<StoredModule | null> {
  const manifest = readJson<Manifest>(read(`${folder}/manifest.json`));
  const headers = manifest?.modules?.[url.href]?.headers ?? {};
  if (headers.location !== undefined) return { location: headers.location };
  const contentType = headers["content-type"] ?? null;
  const text = read(`${folder}/${await vendorPath(url, contentType)}`);
  return text === null ? null : { text, kind: mediaKind(url, contentType) };
}

const metadataMark = "\n// denoCacheMetadata=";

/** null: the cache in `folder` does not have it. */
export async function readCached(
  folder: string,
  url: URL,
  read: ReadText,
): Promise<StoredModule | null> {
  const port = url.port === "" ? "" : `_PORT${url.port}`;
  const place = `${url.protocol.slice(0, -1)}/${url.hostname}${port}`;
  const text = read(`${folder}/remote/${place}/${await sha256(url.pathname + url.search)}`);
  const end = text?.lastIndexOf(metadataMark) ?? -1;
  if (text === null || end < 0) return null;
  const data = readJson<{ headers?: Headers }>(text.slice(end + metadataMark.length));
  const { location, "content-type": contentType = null } = data?.headers ?? {};
  if (location !== undefined) return { location };
  return { text: text.slice(0, end), kind: mediaKind(url, contentType) };
}

/** null where it is no JSON: another program's file, or one cut short. */
export function readJson<T>(text: string | null): T | null {
  if (text === null) return null;
  try {
    return JSON.parse(text) as T;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return null;
  }
}
