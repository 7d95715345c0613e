/** Finds and opens the file or folder of a path below the root. */
import { codings } from "./codings.ts";
import { listedCountMax, type ListedEntry, renderListing } from "./listing.ts";
import { isCompressible } from "./compressible.ts";
import { mediaTypeOf } from "./media_type.ts";
import { faultOf, type FileOpener, type OpenFault, type OpenFile } from "./open_file.ts";
import { type PathWatch, watchPath } from "./path_watch.ts";
import { Representation, type Resource } from "./resource.ts";
import { encodePath, type TargetPath } from "./target_path.ts";
import { makeEtag } from "./validators.ts";

/** Options of a served folder. */
export interface SiteOptions {
  /** The folder. May be a link, which is resolved again on each load. */
  readonly root: string;
  /** Index names, in order of preference. */
  readonly index: readonly string[];
  /** List a folder without an index; else it is 403, or 404 with `handsOn`. */
  readonly listing: boolean;
  /**
   * Another handler may follow, so a missing file is 404 for every method, and so is a folder without
   * an index. Else methods other than GET and HEAD are refused first. A file is never passed on.
   */
  readonly handsOn?: boolean;
  /** Refuse every folder with 403. */
  readonly filesOnly?: boolean;
  /** Follow links that lead out of the root. */
  readonly outsideLinks: boolean;
  /**
   * Serve names with a leading dot and what is below them. Else they are 404, except `.well-known` in
   * the root (RFC 8615).
   */
  readonly dotFiles: boolean;
  /** Send `.br`, `.zst` and `.gz` siblings to clients that accept them. */
  readonly precompressed: boolean;
  /** Extension (".foo") to media type; overrides the built-in table. */
  readonly types: ReadonlyMap<string, string> | null;
  /** Type of a file with unknown extension. */
  readonly defaultType: string;
  readonly etag: boolean;
  /** Files up to this many bytes are kept in memory; 0: none. */
  readonly contentBytesMax: number;
  /** Serve `a.html` as `/a`, and redirect `/a.html` and `/index.html` there. */
  readonly cleanUrls?: boolean;
  /** A folder without an index or a listing is as if it were not there, also without its slash. */
  readonly bareFoldersAbsent?: boolean;
  /** Files without a precompressed sibling may be compressed. */
  readonly compresses?: boolean;
  /** Names in the root that are never served. */
  readonly reserved?: ReadonlySet<string>;
  /** The Cache-Control of a file by its path below the root (`a/b.html`); null: none. */
  readonly cacheControlOf?: (path: string) => string | null;
}

/** What the URLs of pages leave out. */
const pageSuffix = ".html";

/** Status for a target without a resource; `bare`: a folder without an index, 403 by itself. */
export type LoadFault = 403 | 404 | "bare";

/** Nothing found (404), which holds while these paths are unchanged. */
export class Missing {
  readonly watched: readonly PathWatch[];

  constructor(watched: readonly PathWatch[]) {
    this.watched = watched;
  }
}

/**
 * Opens the resource of `target`. `prefix` is the URL path of the root ("" or "/docs").
 * `isInternal`: the path stands for another one, so it is not redirected to its usual spelling.
 */
export function loadResource(
  options: SiteOptions,
  opener: FileOpener,
  target: TargetPath,
  prefix: string,
  isInternal = false,
): Resource | LoadFault | Missing {
  const { segments } = target;
  if (!options.dotFiles && isHidden(segments)) return 404;
  if (segments.length === 1 && options.reserved?.has(segments[0])) return 404;
  const root = options.root.replace(/\/+$/, "") || "/";
  const loader = new Loader(options, opener, rootRealOf(root, options));
  const path = [root === "/" ? "" : root, ...segments].join("/") || "/";
  const opened = loader.open(path);
  if (options.cleanUrls && segments.length > 0 && (opened === "folder" || opened === "absent")) {
    const page = loader.page(path, target, opened === "folder", prefix, isInternal);
    if (page !== null) return page;
  }
  if (opened === "folder") {
    if (options.filesOnly) return 403;
    if (target.isFolder || isInternal) return loader.folder(path, segments, prefix);
    if (options.bareFoldersAbsent && !options.listing && !loader.hasIndex(path)) return "bare";
    return redirectTo(prefix + encodePath(segments, true));
  }
  if (opened === "absent") return loader.missing();
  if (typeof opened === "string") return statusOf(opened);
  // "file.txt/" is not served as a file, because its relative links would break.
  if (target.isFolder) {
    opened.close();
    return 404;
  }
  const clean = options.cleanUrls && !isInternal ? loader.cleanPath(path, segments) : null;
  if (clean === null) return loader.file(path, opened);
  opened.close();
  return redirectTo(prefix + clean);
}

/** Editors, version control and deployments leave names such as `.git` and `.env` in folders. */
function isHidden(segments: readonly string[]): boolean {
  const open = segments[0] === ".well-known" ? segments.slice(1) : segments;
  return open.some((segment) => segment.startsWith("."));
}

function rootRealOf(root: string, options: SiteOptions): string | null {
  if (options.outsideLinks) return null;
  try {
    return Deno.realPathSync(root);
  } catch (error) {
    faultOf(error);
    // The root is missing: nothing is below it.
    return "/dev/null/gone";
  }
}

const noFile = {
  representations: [],
  location: null,
  watched: [],
  contentBytes: 0,
  cacheControl: null,
  isNegotiated: false,
  isCompressed: false,
};

function redirectTo(location: string): Resource {
  return { ...noFile, location };
}

function statusOf(fault: OpenFault): LoadFault {
  return fault === "denied" ? 403 : 404;
}

/** One load; collects the paths that its result depends on. */
class Loader {
  readonly options: SiteOptions;
  readonly opener: FileOpener;
  readonly rootReal: string | null;
  readonly #watched: PathWatch[] = [];

  constructor(options: SiteOptions, opener: FileOpener, rootReal: string | null) {
    this.options = options;
    this.opener = opener;
    this.rootReal = rootReal;
  }

  /** Records the state before opening the file, so that a change in between is noticed later. */
  open(path: string): OpenFile | OpenFault {
    this.#watched.push(watchPath(path));
    return this.opener.open(path, this.rootReal);
  }

  missing(): Missing {
    return new Missing(this.#watched);
  }

  /** The page of a URL without its extension; null: there is none. */
  page(
    path: string,
    { segments, isFolder }: TargetPath,
    isRealFolder: boolean,
    prefix: string,
    isInternal: boolean,
  ): Resource | LoadFault | null {
    // A folder's own index is what its URL with a slash stands for.
    if (isFolder && isRealFolder && this.hasIndex(path)) return null;
    const name = segments[segments.length - 1] + pageSuffix;
    if (!isInternal && this.options.index[0] === name) {
      return redirectTo(prefix + encodePath(segments.slice(0, -1), true));
    }
    const opened = this.open(path + pageSuffix);
    if (typeof opened === "string") return opened === "denied" ? 403 : null;
    if (!isFolder || isInternal) return this.file(path + pageSuffix, opened);
    opened.close();
    return redirectTo(prefix + encodePath(segments, false));
  }

  /** The usual URL of the file that was asked for by its name; null: it is this one. */
  cleanPath(path: string, segments: readonly string[]): string | null {
    const name = segments[segments.length - 1];
    const folder = segments.slice(0, -1);
    const bare = name.slice(0, -pageSuffix.length);
    if (!name.endsWith(pageSuffix) || bare === "") return null;
    // The URL of the folder stands for its first index only.
    if (this.options.index[0] === name) return encodePath(folder, true);
    if (this.options.index.includes(name)) return null;
    // A file without an extension is what the shorter URL stands for.
    const shorter = this.open(path.slice(0, -pageSuffix.length));
    if (typeof shorter !== "string") shorter.close();
    if (shorter !== "absent" && shorter !== "folder") return null;
    return encodePath([...folder, bare], false);
  }

  hasIndex(path: string): boolean {
    for (const name of this.options.index) {
      const opened = this.open(`${path}/${name}`);
      if (typeof opened === "string") continue;
      opened.close();
      return true;
    }
    return false;
  }

  folder(
    path: string,
    segments: readonly string[],
    prefix: string,
  ): Resource | LoadFault | Missing {
    const { handsOn, index, listing } = this.options;
    let isEmpty = true;
    for (const name of index) {
      const indexPath = `${path}/${name}`;
      const opened = this.open(indexPath);
      if (typeof opened !== "string") return this.file(indexPath, opened);
      if (opened !== "absent") isEmpty = false;
      if (!handsOn) continue;
      // 403 as in h2o.
      if (opened === "denied") return 403;
      if (opened === "folder") return redirectTo(prefix + encodePath([...segments, name], true));
    }
    if (listing) return this.#listing(path, segments);
    if (!handsOn) return "bare";
    return isEmpty ? this.missing() : 404;
  }

  file(path: string, opened: OpenFile): Resource {
    const type = mediaTypeOf(path, this.options.types, this.options.defaultType);
    const representations = [this.#represent(opened, type, null)];
    if (this.options.precompressed) this.#addSiblings(path, opened, type, representations);
    const contentBytes = representations.reduce((sum, one) => sum + (one.content?.length ?? 0), 0);
    const { cacheControlOf } = this.options;
    const cacheControl = cacheControlOf === undefined ? null : cacheControlOf(this.#below(path));
    const isCompressed = this.options.compresses === true && isCompressible(type, opened.size) &&
      !/\bno-transform\b/i.test(cacheControl ?? "");
    const isNegotiated = isCompressed || representations.length > 1;
    const watched = this.#watched;
    return {
      ...{ representations, location: null, watched, contentBytes },
      ...{ cacheControl, isNegotiated, isCompressed },
    };
  }

  /** The path below the root. */
  #below(path: string): string {
    return path.slice(this.options.root.replace(/\/+$/, "").length + 1);
  }

  #addSiblings(path: string, plain: OpenFile, type: string, into: Representation[]): void {
    for (const coding of codings) {
      const opened = this.open(path + coding.suffix);
      if (typeof opened === "string") continue;
      // A sibling older than its file was compressed from an earlier version.
      if (opened.modifiedMs >= plain.modifiedMs) into.push(this.#represent(opened, type, coding));
      else opened.close();
    }
  }

  /** `opened` is the result of the last `open`. */
  #represent(opened: OpenFile, type: string, coding: Representation["coding"]): Representation {
    const content = opened.size <= this.options.contentBytesMax ? readWhole(opened) : null;
    if (content !== null) opened.close();
    const size = content?.length ?? opened.size;
    const etag = this.options.etag
      ? makeEtag(opened.modifiedMs, size, coding === null ? "" : coding.suffix.replace(".", "-"))
      : "";
    const modifiedMs = Math.floor(opened.modifiedMs / 1000) * 1000;
    const file = content === null ? opened : null;
    const watch = this.#watched[this.#watched.length - 1];
    return new Representation(file, size, content, modifiedMs, etag, type, coding, watch);
  }

  #listing(path: string, segments: readonly string[]): Resource | LoadFault {
    const reserved = segments.length === 0 ? this.options.reserved : undefined;
    let names: Deno.DirEntry[];
    try {
      names = [...Deno.readDirSync(path)]
        .filter(({ name }) => !name.startsWith(".") && !reserved?.has(name));
    } catch (error) {
      return statusOf(faultOf(error));
    }
    names.sort(compareEntries);
    const entries: ListedEntry[] = [];
    let index = 0;
    for (; index < names.length && entries.length < listedCountMax; index++) {
      const entry = this.#describe(`${path}/${names[index].name}`, names[index].name);
      if (entry !== null) entries.push(entry);
    }
    const content = new TextEncoder().encode(
      renderListing(segments, entries, names.length - index),
    );
    const type = "text/html; charset=UTF-8";
    // The folder's own state changes with its names; sizes and times may be a second old.
    const [watch] = this.#watched;
    const page = new Representation(null, content.length, content, NaN, "", type, null, watch);
    return { ...noFile, representations: [page], contentBytes: content.length };
  }

  /** null: a request for it would be answered with an error. */
  #describe(path: string, name: string): ListedEntry | null {
    const opened = this.opener.open(path, this.rootReal);
    if (typeof opened !== "string") {
      opened.close();
      return { name, isFolder: false, size: opened.size, modifiedMs: opened.modifiedMs };
    }
    if (opened !== "folder") return null;
    try {
      // Listing it needs read permission, too.
      using folder = Deno.openSync(path);
      return { name, isFolder: true, size: 0, modifiedMs: folder.statSync().mtime?.getTime() ?? 0 };
    } catch (error) {
      faultOf(error);
      return null;
    }
  }
}

/** Folders first, then by name. Links count as files, because they are not resolved yet. */
function compareEntries(a: Deno.DirEntry, b: Deno.DirEntry): number {
  if (a.isDirectory !== b.isDirectory) return a.isDirectory ? -1 : 1;
  return a.name < b.name ? -1 : a.name > b.name ? 1 : 0;
}

/** The file's bytes; null when its size changed while it was read. */
function readWhole(file: OpenFile): Uint8Array | null {
  const bytes = new Uint8Array(file.size);
  let length = 0;
  while (length < bytes.length) {
    const count = file.readAt(length, bytes, length, bytes.length);
    if (count <= 0) return null;
    length += count;
  }
  return bytes;
}
