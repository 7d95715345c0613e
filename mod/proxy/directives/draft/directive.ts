/** The interface of a directive, and readers for the kinds of values that most of them share. */
import { nearest } from "../../../base/nearest.ts";
import {
  type ConfigNode,
  type MapNode,
  parseCount,
  parseDuration,
  parseSwitch,
  type Position,
} from "../../../config/mod.ts";
import type { LevelDraft } from "./drafts.ts";

/** The levels at which a directive is allowed, as bits. */
export const levels = { global: 1, host: 2, path: 4 } as const;
export const everywhere = levels.global | levels.host | levels.path;

const levelNames: readonly (readonly [number, string])[] = [
  [levels.global, "global"],
  [levels.host, "host"],
  [levels.path, "path"],
];

/** Returns the levels as text for messages: `global or host`. */
export function describeLevels(bits: number): string {
  return levelNames.filter(([bit]) => bits & bit).map(([, name]) => name).join(" or ");
}

/**
 * The order in which a level's directives are applied: settings first, in file order, then the
 * directives that use or contain them. So the order between the two kinds in the file does not
 * matter (h2o calls this "deferred").
 */
export const phases = { setting: 0, structure: 1, handler: 2, nested: 3 } as const;

export interface Directive {
  readonly name: string;
  readonly levels: number;
  readonly phase: number;
  apply(draft: LevelDraft, value: ConfigNode, name: string): void;
}

type Apply<T> = (draft: LevelDraft, value: T, at: Position) => void;

export interface ScalarKind<T> {
  /** The allowed values, for the end of the error message. */
  readonly allowed: string;
  parse(text: string): T | null;
}

/** Makes a directive whose value is one scalar of `kind`. */
export function scalar<T>(
  name: string,
  at: number,
  kind: ScalarKind<T>,
  apply: Apply<T>,
  phase: number = phases.setting,
): Directive {
  return {
    name,
    levels: at,
    phase,
    apply(draft, value) {
      const parsed = readScalar(draft, name, value, kind);
      if (parsed !== null) apply(draft, parsed, value.at);
    },
  };
}

/** Reads a scalar of `kind`; reports an invalid one and returns null. */
export function readScalar<T>(
  draft: LevelDraft,
  what: string,
  value: ConfigNode,
  kind: ScalarKind<T>,
): T | null {
  if (value.kind !== "scalar") {
    draft.problem(
      value.at,
      `${what}: the value cannot be a ${value.kind}; allowed: ${kind.allowed}`,
    );
    return null;
  }
  const parsed = kind.parse(value.text);
  if (parsed === null) {
    draft.problem(
      value.at,
      `${what}: found \`${value.text}\`; allowed: ${kind.allowed}`,
    );
  }
  return parsed;
}

export const onOff: ScalarKind<boolean> = { allowed: "ON or OFF", parse: parseSwitch };

export const anyText: ScalarKind<string> = {
  allowed: "a text that is not empty",
  parse: (text) => text === "" ? null : text,
};

export function count(min: number, max: number): ScalarKind<number> {
  return {
    allowed: `a number from ${min} to ${max}`,
    parse(text) {
      const value = parseCount(text);
      return value === null || value < min || value > max ? null : value;
    },
  };
}

/** A duration in milliseconds; `bareUnitMs` is the unit of a number without one. */
export function duration(bareUnitMs: 1 | 1000): ScalarKind<number> {
  const unit = bareUnitMs === 1 ? "milliseconds" : "seconds";
  return {
    allowed: `${unit}, or a number with unit such as 500ms, 10s, 1m, 30 seconds`,
    parse: (text) => parseDuration(text, bareUnitMs),
  };
}

/** One of several words, case-insensitive. */
export function choice<T extends string>(...words: readonly T[]): ScalarKind<T> {
  return {
    allowed: words.join(", "),
    parse: (text) => words.find((word) => word === text.toLowerCase()) ?? null,
  };
}

/**
 * Reads a scalar with a parser that returns a value or, as a string, error messages separated by
 * line feeds. Each is reported as a problem of its own; then the result is null.
 */
export function readLine<T>(
  draft: LevelDraft,
  what: string,
  node: ConfigNode,
  parse: (text: string) => T | string,
): T | null {
  const text = readScalar(draft, what, node, { allowed: "a text", parse: (text) => text });
  if (text === null) return null;
  const parsed = parse(text);
  if (typeof parsed !== "string") return parsed;
  // A message may quote the value: line feeds in the value do not separate messages.
  const faults = text.includes("\n") ? [parsed.replaceAll("\n", " ")] : parsed.split("\n");
  for (const fault of faults) draft.problem(node.at, `${what}: ${fault}`);
  return null;
}

/** Returns the items of a sequence, or the value itself as the only item. */
export function itemsOf(value: ConfigNode): readonly ConfigNode[] {
  return value.kind === "sequence" ? value.items : [value];
}

/** Returns ` (did you mean NAME?)`, or "" when no candidate is close. */
export function suggestion(name: string, candidates: Iterable<string>): string {
  const near = nearest(name, candidates);
  return near === null || near === name ? "" : ` (did you mean ${near}?)`;
}

/** Reads the directives of a mapping with a table of readers; reports all others as unknown. */
export function readMap(
  draft: LevelDraft,
  what: string,
  map: MapNode,
  readers: Readonly<Record<string, (value: ConfigNode, at: Position) => void>>,
): void {
  for (const { key, value } of map.pairs) {
    const reader = Object.hasOwn(readers, key.text) ? readers[key.text] : undefined;
    if (reader !== undefined) reader(value, key.at);
    else {
      const names = Object.keys(readers);
      draft.problem(
        key.at,
        `${what}: unknown key: ${key.text}${suggestion(key.text, names)}; allowed: ${
          names.join(", ")
        }`,
      );
    }
  }
}
