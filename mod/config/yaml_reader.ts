/** Reads YAML text into a `ConfigNode`, with h2o's `!file` and `!env` tags, aliases and merges. */
import {
  type Alias,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  parseDocument,
  type YAMLMap,
} from "yaml";
import type { Problems } from "./problems.ts";
import type { ConfigNode, ConfigPair, MapNode, Position } from "./tree.ts";

/** The reader's access to files and the environment. */
export interface ConfigSource {
  /** The text of a file named by `!file`; throws when it cannot be read. */
  readText(path: string): string;
  /** The value of an environment variable, or null. */
  environment(name: string): string | null;
}

/** Nesting of `!file`: more than any real configuration needs, and a bound on include cycles. */
const includeDepthMax = 16;
/** Most nodes added by aliases and `!file`, against exponential growth ("billion laughs"). */
const repeatedNodesMax = 200_000;

/** Reads `text`; null if it is empty or not YAML. Errors are added to `problems`. */
export function readYaml(
  text: string,
  file: string,
  source: ConfigSource,
  problems: Problems,
): ConfigNode | null {
  return new Reader(source, problems, { nodes: 0 }).read(text, file, 0);
}

class Reader {
  readonly #source: ConfigSource;
  readonly #problems: Problems;
  readonly #budget: { nodes: number };

  constructor(source: ConfigSource, problems: Problems, budget: { nodes: number }) {
    this.#source = source;
    this.#problems = problems;
    this.#budget = budget;
  }

  read(text: string, file: string, depth: number): ConfigNode | null {
    const lineCounter = new LineCounter();
    const document = parseDocument(text, {
      schema: "failsafe",
      uniqueKeys: false,
      lineCounter,
      logLevel: "silent",
    });
    for (const error of document.errors) {
      const line = error.linePos?.[0].line ?? 1;
      // Without the position and excerpt that the library appends: our message has a position.
      const phrase = error.message.split(" at line ")[0];
      this.#problems.add({ file, line }, `not valid YAML: ${phrase}`);
    }
    if (document.errors.length > 0 || document.contents === null) return null;
    const walk = new Walk(file, depth, lineCounter, document, this.#problems, this.#budget, (
      path,
      at,
    ) => this.#include(path, at, depth), this.#source);
    const node = walk.node(document.contents as Node);
    return this.#budget.nodes > repeatedNodesMax ? null : node;
  }

  #include(path: string, at: Position, depth: number): ConfigNode | null {
    if (depth >= includeDepthMax) {
      this.#problems.add(at, `!file ${path}: files include each other more than 16 deep`);
      return null;
    }
    try {
      return this.read(this.#source.readText(path), path, depth + 1);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.#problems.add(at, `!file ${path}: cannot read it (${reason})`);
      return null;
    }
  }
}

/** Converts one document's nodes in file order. */
class Walk {
  /**
   * Targets of the aliases being expanded. Nodes outside of them are bounded by the text's length.
   */
  readonly #followed = new Set<Node>();

  constructor(
    readonly file: string,
    readonly depth: number,
    readonly lines: LineCounter,
    readonly document: ReturnType<typeof parseDocument>,
    readonly problems: Problems,
    readonly budget: { nodes: number },
    readonly include: (path: string, at: Position) => ConfigNode | null,
    readonly source: ConfigSource,
  ) {}

  #at(node: Node | null): Position {
    const offset = node?.range?.[0] ?? 0;
    return { file: this.file, line: Math.max(1, this.lines.linePos(offset).line) };
  }

  node(node: Node | null): ConfigNode {
    const at = this.#at(node);
    if ((this.#followed.size > 0 || this.depth > 0) && ++this.budget.nodes > repeatedNodesMax) {
      if (this.budget.nodes === repeatedNodesMax + 1) {
        this.problems.add(at, `more than ${repeatedNodesMax} values from aliases and !file`);
      }
      return { kind: "scalar", at, text: "" };
    }
    if (node === null) return { kind: "scalar", at, text: "" };
    if (isAlias(node)) return this.#alias(node, at);
    if (isMap(node)) return this.#map(node, at);
    if (isSeq(node)) {
      return { kind: "sequence", at, items: node.items.map((item) => this.node(item as Node)) };
    }
    if (!isScalar(node)) throw new TypeError("Cannot convert a YAML node of unknown kind");
    return this.#scalar(String(node.value ?? ""), node.tag, at);
  }

  #scalar(text: string, tag: string | undefined, at: Position): ConfigNode {
    const empty: ConfigNode = { kind: "scalar", at, text: "" };
    if (tag === "!file") return this.include(text, at) ?? empty;
    if (tag === "!env") {
      const value = this.source.environment(text);
      if (value === null) {
        this.problems.add(at, `!env ${text}: the environment variable is not set`);
      }
      return { kind: "scalar", at, text: value ?? "" };
    }
    if (tag !== undefined && !tag.startsWith("tag:yaml.org,2002:")) {
      // `! 500-599`: YAML reads a tag where text was meant.
      const hint = tag === "!" ? "; quote text that begins with !" : "";
      this.problems.add(at, `unknown tag: ${tag} (allowed: !file, !env${hint})`);
    }
    return { kind: "scalar", at, text };
  }

  #alias(alias: Alias, at: Position): ConfigNode {
    const target = alias.resolve(this.document);
    if (target === undefined) {
      this.problems.add(at, `alias *${alias.source} has no anchor &${alias.source} above it`);
      return { kind: "scalar", at, text: "" };
    }
    if (this.#followed.has(target)) {
      this.problems.add(at, `alias *${alias.source} refers to itself`);
      return { kind: "scalar", at, text: "" };
    }
    this.#followed.add(target);
    const node = this.node(target);
    this.#followed.delete(target);
    return node;
  }

  #map(map: YAMLMap, at: Position): MapNode {
    const pairs: ConfigPair[] = [];
    const merges: { index: number; value: ConfigNode }[] = [];
    for (const pair of map.items as Pair<Node, Node | null>[]) {
      const key = this.node(pair.key);
      const value = pair.value === null
        ? { kind: "scalar" as const, at: key.at, text: "" }
        : this.node(pair.value);
      if (key.kind !== "scalar") {
        this.problems.add(key.at, `a key cannot be a ${key.kind}`);
      } else if (key.text === "<<" && value.kind !== "scalar") {
        merges.push({ index: pairs.length, value });
      } else {
        pairs.push({ key, value });
      }
    }
    return { kind: "mapping", at, pairs: mergePairs(pairs, merges) };
  }
}

/** Puts merged pairs in the place of `<<`; keys of the mapping itself take precedence. */
function mergePairs(
  own: ConfigPair[],
  merges: readonly { index: number; value: ConfigNode }[],
): ConfigPair[] {
  if (merges.length === 0) return own;
  const taken = new Set(own.map((pair) => pair.key.text));
  const result = own.slice();
  let shift = 0;
  for (const { index, value } of merges) {
    const sources = value.kind === "sequence" ? value.items : [value];
    const added: ConfigPair[] = [];
    for (const source of sources) {
      if (source.kind !== "mapping") continue;
      const fresh = source.pairs.filter((pair) => !taken.has(pair.key.text));
      for (const pair of fresh) taken.add(pair.key.text);
      added.push(...fresh);
    }
    result.splice(index + shift, 0, ...added);
    shift += added.length;
  }
  return result;
}
