/** Finds what a path names below the root and opens it. */
import { codings } from "./codings.ts";
import { listedCountMax, type ListedEntry, renderListing } from "./listing.ts";
import { mediaTypeOf } from "./media_type.ts";
import { faultOf, type FileOpener, type OpenFault, type OpenFile } from "./open_file.ts";
import { type PathWatch, watchPath } from "./path_watch.ts";
import { Representation, type Resource } from "./resource.ts";
import { encodePath, type TargetPath } from "./target_path.ts";
import { makeEtag } from "./validators.ts";

/** What of a folder is served, and how. */
export interface SiteOptions {
  /** The folder. May be a link; where it leads is looked up again on each load. */
  readonly root: string;
  /** Names tried in a folder, in order. */
  readonly index: readonly string[];
  /** Show what a folder without index holds; else it is 403, or 404 with `handsOn`. */
  readonly listing: boolean;
  /**
   * What the folder does not have may be for another handler: 404 for every method, and for a folder
   * without index. Else only GET and HEAD are looked at. A file is never handed on.
   */
  readonly handsOn?: boolean;
  /** A folder is refused (403), whatever it holds. */
  readonly filesOnly?: boolean;
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

/** Nothing is there (404), and stays so as long as these paths stay what they are. */
export class Missing {
  readonly watched: readonly PathWatch[];

  constructor(watched: readonly PathWatch[]) {
    this.watched = watched;
  }
}

/** Opens what `target` names. `prefix` is the URL path that stands for the root ("" or "/docs"). */
export function loadResource(
  options: SiteOptions,
  opener: FileOpener,
  target: TargetPath,
  prefix: string,
): Resource | LoadFault | Missing {
  if (!options.dotFiles && isHidden(target.segments)) return 404;
  const root = options.root.replace(/\/+$/, "") || "/";
  const loader = new Loader(options, opener, rootRealOf(root, options));
  const path = [root === "/" ? "" : root, ...target.segments].join("/") || "/";
  const opened = loader.open(path);
  if (opened === "folder") {
    if (options.filesOnly) return 403;
    if (target.isFolder) return loader.folder(path, target.segments, prefix);
    return redirectTo(prefix + encodePath(target.segments, true));
  }
  if (opened === "absent") return loader.missing();
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
  readonly #watched: PathWatch[] = [];

  constructor(options: SiteOptions, opener: FileOpener, rootReal: string | null) {
    this.options = options;
    this.opener = opener;
    this.rootReal = rootReal;
  }

  /** The state is taken before the file is opened, so that a change in between is noticed later. */
  open(path: string): OpenFile | OpenFault {
    this.#watched.push(watchPath(path));
    return this.opener.open(path, this.rootReal);
  }

  missing(): Missing {
    return new Missing(this.#watched);
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
      // As h2o does.
      if (opened === "denied") return 403;
      if (opened === "folder") return redirectTo(prefix + encodePath([...segments, name], true));
    }
    if (listing) return this.#listing(path, segments);
    if (!handsOn) return 403;
    return isEmpty ? this.missing() : 404;
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

  /** `opened` is what the last `open` gave. */
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
    let names: Deno.DirEntry[];
    try {
      names = [...Deno.readDirSync(path)].filter(({ name }) => !name.startsWith("."));
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
    // The folder's own state tells of names that come and go; sizes and times are a second old.
    const [watch] = this.#watched;
    const page = new Representation(null, content.length, content, NaN, "", type, null, watch);
    return { representations: [page], location: null, watched: [], contentBytes: content.length };
  }

  /** null: a request for it would get an error. */
  #describe(path: string, name: string): ListedEntry | null {
    const opened = this.opener.open(path, this.rootReal);
    if (typeof opened !== "string") {
      opened.close();
      return { name, isFolder: false, size: opened.size, modifiedMs: opened.modifiedMs };
    }
    if (opened !== "folder") return null;
    try {
      // Needs the right to read it, as listing it will.
      using folder = Deno.openSync(path);
      return { name, isFolder: true, size: 0, modifiedMs: folder.statSync().mtime?.getTime() ?? 0 };
    } catch (error) {
      faultOf(error);
      return null;
    }
  }
}

/** Folders first, then by name. Links count as files here: where they lead is not known yet. */
function compareEntries(a: Deno.DirEntry, b: Deno.DirEntry): number {
  if (a.isDirectory !== b.isDirectory) return a.isDirectory ? -1 : 1;
  return a.name < b.name ? -1 : a.name > b.name ? 1 : 0;
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
