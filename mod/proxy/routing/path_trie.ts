/** Path prefixes as a byte trie: finds the longest match in one walk, however many there are. */

/** An edge's bytes, the leaf at its end, and the edges that can follow. */
class Node<Leaf> {
  /** By first byte of the edge. An array: a Map would cost two look-up calls per request. */
  readonly children: (Node<Leaf> | undefined)[] = new Array(256).fill(undefined);
  leaf: Leaf | null = null;
  /** The prefix ends with a slash, so that any continuation begins a new segment. */
  endsWithSlash = false;
  prefixLength = 0;
  constructor(public label: Uint8Array) {}
}

const SLASH = 0x2f;

/**
 * Finds the longest prefix of a path that ends at a segment border: `/api` matches `/api` and
 * `/api/x` but not `/apix` (h2o's rule).
 */
export class PathTrie<Leaf> {
  readonly #root = new Node<Leaf>(new Uint8Array(0));
  /** Length of the prefix matched by the last `find`. */
  matchedLength = 0;

  /** Adds a prefix, which must start with a slash and not exist yet. */
  add(prefix: string, leaf: Leaf): void {
    const bytes = new TextEncoder().encode(prefix);
    let node = this.#root;
    let at = 0;
    while (at < bytes.length) {
      const next: Node<Leaf> | undefined = node.children[bytes[at]];
      if (next === undefined) {
        const added = new Node<Leaf>(bytes.slice(at));
        node.children[bytes[at]] = added;
        node = added;
        break;
      }
      let shared = 0;
      while (shared < next.label.length && next.label[shared] === bytes[at + shared]) shared++;
      at += shared;
      node = shared === next.label.length ? next : split(node, next, shared);
    }
    node.leaf = leaf;
    node.prefixLength = bytes.length;
    node.endsWithSlash = bytes[bytes.length - 1] === SLASH;
  }

  /** The leaf of the longest prefix of `[start, end)`, or null. */
  find(bytes: Uint8Array, start: number, end: number): Leaf | null {
    let node: Node<Leaf> | undefined = this.#root;
    let best: Leaf | null = null;
    let at = start;
    while (at < end) {
      node = node.children[bytes[at]];
      if (node === undefined) break;
      const label = node.label;
      if (end - at < label.length) break;
      let same = 1;
      while (same < label.length && label[same] === bytes[at + same]) same++;
      if (same < label.length) break;
      at += same;
      if (node.leaf === null) continue;
      if (node.endsWithSlash || at === end || bytes[at] === SLASH) {
        best = node.leaf;
        this.matchedLength = node.prefixLength;
      }
    }
    return best;
  }
}

/** Splits the edge to `next` with a new node; returns that node. */
function split<Leaf>(parent: Node<Leaf>, next: Node<Leaf>, shared: number): Node<Leaf> {
  const middle = new Node<Leaf>(next.label.slice(0, shared));
  next.label = next.label.slice(shared);
  middle.children[next.label[0]] = next;
  parent.children[middle.label[0]] = middle;
  return middle;
}
