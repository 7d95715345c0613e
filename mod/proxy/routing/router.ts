/** Finds the route for a request's Host and path; works on bytes and does not allocate. */
import type { RequestHead } from "../../http/mod.ts";
import { HostTable } from "./host_table.ts";
import { normalizePath, normalPathEnd, spellPath } from "./normal_path.ts";
import { PathTrie } from "./path_trie.ts";

/** One host of a listener and the routes of its paths. */
export interface HostRoutes<Leaf> {
  /** Lower case; `*.name` matches every name below it. */
  readonly name: string;
  /** 0: the default port of the listener's scheme. */
  readonly port: number;
  readonly strictMatch: boolean;
  /** Whether `//` in a path counts as one slash when choosing a route. */
  readonly mergesSlashes: boolean;
  readonly paths: readonly { readonly prefix: string; readonly leaf: Leaf }[];
  /** For a path that none of `paths` matches. */
  readonly fallback: Leaf;
}

interface CompiledHost<Leaf> extends HostRoutes<Leaf> {
  readonly trie: PathTrie<Leaf>;
}

const noBytes = new Uint8Array(0);

/** The routes of one listener. The fields describe the last `match`. */
export class Router<Leaf> {
  readonly #hosts: HostTable<CompiledHost<Leaf>>;
  readonly #unknown: Leaf;
  /** `[restStart, restEnd)` is the path after the matched prefix, without the query. */
  restBytes: Uint8Array = noBytes;
  restStart = 0;
  restEnd = 0;
  /** `?` and the query are `[queryStart, queryEnd)` of the head's bytes. */
  queryStart = 0;
  queryEnd = 0;
  /** The path has forbidden bytes or leaves the root: answer 400. */
  isBadPath = false;

  /**
   * `defaultPort` is 80 or 443, by the listener's scheme. `unknown` answers requests for unknown
   * hosts when every host requires a strict match.
   */
  constructor(hosts: readonly HostRoutes<Leaf>[], defaultPort: number, unknown: Leaf) {
    const compiled = hosts.map((host) => {
      const trie = new PathTrie<Leaf>();
      for (const { prefix, leaf } of host.paths) trie.add(prefix, leaf);
      return { ...host, trie };
    });
    this.#hosts = new HostTable(compiled, defaultPort);
    this.#unknown = unknown;
  }

  match(head: RequestHead): Leaf {
    this.isBadPath = false;
    const host = this.#hosts.find(head.bytes, head.hostStart, head.hostEnd);
    const { bytes, pathStart, pathEnd } = head;
    const end = normalPathEnd(bytes, pathStart, pathEnd);
    if (end < 0) return this.#matchUnusual(head, host);
    this.restBytes = bytes;
    this.restEnd = this.queryStart = end;
    this.queryEnd = pathEnd;
    this.restStart = pathStart;
    if (host === null) return this.#unknown;
    const leaf = host.trie.find(bytes, pathStart, end);
    if (leaf === null) return host.fallback;
    this.restStart = pathStart + host.trie.matchedLength;
    return leaf;
  }

  /** A path with escapes, dot or empty segments, or no path (`OPTIONS *`, `GET http://host`). */
  #matchUnusual(head: RequestHead, host: CompiledHost<Leaf> | null): Leaf {
    const merges = host === null || host.mergesSlashes;
    const path = normalizePath(head.bytes, head.pathStart, head.pathEnd, merges);
    this.restBytes = noBytes;
    this.restStart = this.restEnd = 0;
    this.queryStart = this.queryEnd = head.pathEnd;
    if (path === null) {
      this.isBadPath = true;
      return host?.fallback ?? this.#unknown;
    }
    this.queryStart = path.queryStart;
    if (host === null) return this.#unknown;
    const leaf = host.trie.find(path.bytes, 0, path.length);
    const matched = leaf === null ? 0 : host.trie.matchedLength;
    if (path.hadDots) {
      // The upstream would resolve the original dot segments again, against a different base.
      this.restBytes = spellPath(head.bytes, path, matched);
      this.restEnd = this.restBytes.length;
    } else {
      this.restBytes = head.bytes;
      this.restStart = matched === 0 ? head.pathStart : path.sourceEnds[matched - 1];
      this.restEnd = path.queryStart;
    }
    return leaf ?? host.fallback;
  }
}
