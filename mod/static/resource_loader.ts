/** Finds what a path names below the root and opens it. */
import { codings } from "./codings.ts";
import { type ListedEntry, renderListing } from "./listing.ts";
import { mediaTypeOf } from "./media_type.ts";
import { faultOf, type FileOpener, type OpenFault, type OpenFile } from "./open_file.ts";
import { Representation, type Resource, signatureOf, type Watched } from "./resource.ts";
import { encodePath, type TargetPath } from "./target_path.ts";
import { makeEtag } from "./validators.ts";

/** What of a folder is served, and how. */
export interface SiteOptions {
  /** The folder. May be a link; where it leads is looked up again on each load. */
  readonly root: string;
  /** Names tried in a folder, in order. */
  readonly index: readonly string[];
  /** Show what a folder without index holds; else it is 403. */
  readonly listing: boolean;
  /** Follow links that lead out of the root. */
  readonly outsideLinks: boolean;
  /**
   * Serve what lies behind a name with a leading dot. Without it such a name does not exist for
   * clients, except `.well-known` in the root (RFC 8615).
   */
  readonly dotFiles: boolean;
  /** Send `.br`, `.zst` and `.gz` siblings to clients that take them. */
  readonly precompressed: boolean;
  /** Extension (".foo") to media type, ahead of the built-in table. */
  readonly types: ReadonlyMap<string, string> | null;
  /** Type of a file with unknown extension. */
  readonly defaultType: string;
  readonly etag: boolean;
  /** Files up to this size are kept in memory; 0: none. */
  readonly contentBytesMax: number;
}

/** The status that answers a target without resource: 403 or 404. */
export type LoadFault = 403 | 404;

/** Opens what `target` names. `prefix` is the URL path that stands for the root ("" or "/docs"). */
export function loadResource(
  options: SiteOptions,
  opener: FileOpener,
  target: TargetPath,
  prefix: string,
): Resource | LoadFault {
  if (!options.dotFiles && isHidden(target.segments)) return 404;
  const root = options.root.replace(/\/+$/, "") || "/";
  const loader = new Loader(options, opener, rootRealOf(root, options));
  const path = [root === "/" ? "" : root, ...target.segments].join("/") || "/";
  const opened = loader.open(path);
  if (opened === "folder") {
    if (target.isFolder) return loader.folder(path, target.segments);
    return redirectTo(prefix + encodePath(target.segments, true));
  }
  if (typeof opened === "string") return statusOf(opened);
  // "file.txt/" is no file: its relative links would lead astray.
  if (target.isFolder) {
    opened.close();
    return 404;
  }
  return loader.file(path, opened);
}

/** Editors, version control and deployments leave `.git`, `.env` and the like in folders. */
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
    // A root that has gone: nothing lies below it.
    return "/dev/null/gone";
  }
}

function redirectTo(location: string): Resource {
  return { representations: [], location, watched: [], contentBytes: 0 };
}

function statusOf(fault: OpenFault): LoadFault {
  return fault === "denied" ? 403 : 404;
}

/** One load: collects which paths the outcome depends on. */
class Loader {
  readonly options: SiteOptions;
  readonly opener: FileOpener;
  readonly rootReal: string | null;
  readonly #watched: Watched[] = [];

  constructor(options: SiteOptions, opener: FileOpener, rootReal: string | null) {
    this.options = options;
    this.opener = opener;
    this.rootReal = rootReal;
  }

  /** The signature is taken before the file is opened, so that a change in between is noticed later. */
  open(path: string): OpenFile | OpenFault {
    this.#watched.push({ path, signature: signatureOf(path) });
    return this.opener.open(path, this.rootReal);
  }

  folder(path: string, segments: readonly string[]): Resource | LoadFault {
    for (const name of this.options.index) {
      const indexPath = `${path}/${name}`;
      const opened = this.open(indexPath);
      if (typeof opened !== "string") return this.file(indexPath, opened);
    }
    return this.options.listing ? this.#listing(path, segments) : 403;
  }

  file(path: string, opened: OpenFile): Resource {
    const type = mediaTypeOf(path, this.options.types, this.options.defaultType);
    const representations = [this.#represent(opened, type, null)];
    if (this.options.precompressed) this.#addSiblings(path, opened, type, representations);
    const contentBytes = representations.reduce((sum, one) => sum + (one.content?.length ?? 0), 0);
    return { representations, location: null, watched: this.#watched, contentBytes };
  }

  #addSiblings(path: string, plain: OpenFile, type: string, into: Representation[]): void {
    for (const coding of codings) {
      const opened = this.open(path + coding.suffix);
      if (typeof opened === "string") continue;
      // A sibling older than its file was made from an earlier state.
      if (opened.modifiedMs >= plain.modifiedMs) into.push(this.#represent(opened, type, coding));
      else opened.close();
    }
  }

  #represent(opened: OpenFile, type: string, coding: Representation["coding"]): Representation {
    const content = opened.size <= this.options.contentBytesMax ? readWhole(opened) : null;
    if (content !== null) opened.close();
    const size = content?.length ?? opened.size;
    const etag = this.options.etag
      ? makeEtag(opened.modifiedMs, size, coding === null ? "" : coding.suffix.replace(".", "-"))
      : "";
    const modifiedMs = Math.floor(opened.modifiedMs / 1000) * 1000;
    const file = content === null ? opened : null;
    return new Representation(file, size, content, modifiedMs, etag, type, coding);
  }

  #listing(path: string, segments: readonly string[]): Resource | LoadFault {
    const entries: ListedEntry[] = [];
    try {
      for (const entry of Deno.readDirSync(path)) entries.push(describeEntry(path, entry));
    } catch (error) {
      return statusOf(faultOf(error));
    }
    const content = new TextEncoder().encode(renderListing(segments, entries));
    const type = "text/html; charset=UTF-8";
    const page = new Representation(null, content.length, content, NaN, "", type, null);
    return { representations: [page], location: null, watched: [], contentBytes: content.length };
  }
}

function describeEntry(folder: string, entry: Deno.DirEntry): ListedEntry {
  try {
    const info = Deno.statSync(`${folder}/${entry.name}`);
    const modifiedMs = info.mtime?.getTime() ?? 0;
    return { name: entry.name, isFolder: info.isDirectory, size: info.size, modifiedMs };
  } catch (error) {
    faultOf(error);
    // A dangling link, or gone since the folder was read: still shown, without figures.
    return { name: entry.name, isFolder: false, size: 0, modifiedMs: 0 };
  }
}

/** The file's bytes; null when it shrank or grew while it was read. */
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
