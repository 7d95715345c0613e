/** The patterns of `_redirects` and `_headers`: placeholders (`:name`) and one `*`. */
/** Text, or a placeholder that stands for at least one character. */
type Piece = { readonly text: string } | { readonly name: string };

/** A name or number of one level: a segment of a path, a label of a host. */
type Level = readonly Piece[];

/** What the placeholders of a rule stand for, decoded; `splat` for `*`. */
export type Captures = Map<string, string>;

/** The path of a request. */
export interface RulePath {
  /** Decoded, without empty ones. */
  readonly segments: readonly string[];
  readonly isFolder: boolean;
}

/** The `*` of a pattern, which goes over any number of segments, with the text around it. */
interface Splat {
  readonly before: string;
  readonly after: string;
}

const placeholder = /:([A-Za-z]\w*)/;

/** Why a pattern cannot be used; completes `PATTERN: ...`. */
export class PatternFault {
  constructor(readonly reason: string) {}
}

/** The path of a rule. A slash at its end makes no difference, as at Netlify. */
export class PathPattern {
  readonly #head: readonly Level[];
  readonly #splat: Splat | null;
  readonly #tail: readonly Level[];
  /** The segments, when the pattern has neither placeholders nor `*`; else null. */
  readonly literal: readonly string[] | null;
  readonly names: readonly string[];

  private constructor(head: readonly Level[], splat: Splat | null, tail: readonly Level[]) {
    this.#head = head;
    this.#splat = splat;
    this.#tail = tail;
    this.names = [...namesOf([...head, ...tail]), ...(splat === null ? [] : ["splat"])];
    this.literal = this.names.length > 0 ? null : head.map(textOf);
  }

  /** `text` begins with "/". */
  static parse(text: string): PathPattern | PatternFault {
    if (text.split("*").length > 2) return new PatternFault("only one * is allowed");
    if (decoded(text) === null) return new PatternFault("has a wrong percent-escape");
    const parts = text.split("/").filter((part) => part !== "");
    const names = text.match(new RegExp(placeholder, "g")) ?? [];
    if (new Set(names).size < names.length) return new PatternFault("names a placeholder twice");
    const at = parts.findIndex((part) => part.includes("*"));
    if (at < 0) return new PathPattern(parts.map(levelOf), null, []);
    const [before, after] = parts[at].split("*").map((part) => decoded(part) ?? "");
    if (placeholder.test(parts[at])) {
      return new PatternFault("a placeholder and * cannot share a segment");
    }
    const levels = parts.map(levelOf);
    return new PathPattern(levels.slice(0, at), { before, after }, levels.slice(at + 1));
  }

  /** Adds what the placeholders stand for; false: no match, and `into` may be filled in part. */
  match({ segments, isFolder }: RulePath, into: Captures): boolean {
    const splat = this.#splat;
    const headCount = this.#head.length;
    const tailStart = segments.length - this.#tail.length;
    if (splat === null ? segments.length !== headCount : tailStart < headCount) return false;
    for (let i = 0; i < headCount; i++) {
      if (!matchLevel(this.#head[i], segments[i], into)) return false;
    }
    if (splat === null) return true;
    for (let i = 0; i < this.#tail.length; i++) {
      if (!matchLevel(this.#tail[i], segments[tailStart + i], into)) return false;
    }
    const run = segments.slice(headCount, tailStart).join("/");
    if (!fits(run, splat)) return false;
    const slash = isFolder && run !== "" && tailStart === segments.length ? "/" : "";
    into.set("splat", run.slice(splat.before.length, run.length - splat.after.length) + slash);
    return true;
  }
}

/** The host of a rule that is a URL; placeholders stand for whole or parts of labels. */
export class HostPattern {
  readonly #labels: readonly Level[];
  readonly names: readonly string[];

  constructor(text: string) {
    this.#labels = text.toLowerCase().split(".").map(levelOf);
    this.names = namesOf(this.#labels);
  }

  /** `host` is in lower case and has no port. */
  match(host: string, into: Captures): boolean {
    const labels = host.split(".");
    return labels.length === this.#labels.length &&
      this.#labels.every((level, i) => matchLevel(level, labels[i], into));
  }
}

function fits(run: string, { before, after }: Splat): boolean {
  return run.length >= before.length + after.length && run.startsWith(before) &&
    run.endsWith(after);
}

/** Escapes are decoded, as those of a request are; null for a malformed one. */
function decoded(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch (error) {
    if (error instanceof URIError) return null;
    throw error;
  }
}

function levelOf(text: string): Level {
  const level: Piece[] = [];
  let rest = text;
  for (let found = placeholder.exec(rest); found !== null; found = placeholder.exec(rest)) {
    if (found.index > 0) level.push({ text: decoded(rest.slice(0, found.index))! });
    level.push({ name: found[1] });
    rest = rest.slice(found.index + found[0].length);
  }
  if (rest !== "") level.push({ text: decoded(rest)! });
  return level;
}

/**
 * From the right, each text at its last place: the placeholders get what a greedy regular expression
 * would give them, but in linear time whatever a client sends.
 */
function matchLevel(level: Level, text: string, into: Captures): boolean {
  let end = text.length;
  for (let i = level.length - 1; i >= 0; i--) {
    const piece = level[i];
    if ("text" in piece) {
      if (!text.slice(0, end).endsWith(piece.text)) return false;
      end -= piece.text.length;
      continue;
    }
    const start = startOf(level[i - 1], text, end, i === 1);
    if (start < 0 || start >= end) return false;
    into.set(piece.name, text.slice(start, end));
    end = start;
  }
  return end === 0;
}

/** Where the placeholder before `end` begins: after the text that stands before it. */
function startOf(before: Piece | undefined, text: string, end: number, isFirst: boolean): number {
  if (before === undefined) return 0;
  // Two placeholders in a row: the second gets one character.
  if (!("text" in before)) return end - 1;
  if (isFirst) return text.startsWith(before.text) ? before.text.length : -1;
  const at = text.lastIndexOf(before.text, end - before.text.length - 1);
  return at < 0 ? -1 : at + before.text.length;
}

function namesOf(levels: readonly Level[]): string[] {
  return levels.flat().flatMap((piece) => "name" in piece ? [piece.name] : []);
}

function textOf(level: Level): string {
  return level.map((piece) => "text" in piece ? piece.text : "").join("");
}
