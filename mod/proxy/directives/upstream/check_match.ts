/** `check_match`: what a probe's response must look like, in the syntax of NGINX Plus's `match`. */
import type { Mutable } from "../../../base/mutable.ts";
import type { ConfigNode, MapNode } from "../../../config/mod.ts";
import type { FieldMatch, MatchPlan, StatusMatch, TextMatch } from "../../plan/check_plan.ts";
import { itemsOf, readLine, readMap } from "../draft/directive.ts";
import type { LevelDraft } from "../draft/drafts.ts";
import { joinFaults } from "../draft/word_line.ts";

/** A token (RFC 9110 section 5.6.2), except a lone `!`. */
const fieldName = "(?!!\\s*$)[A-Za-z0-9!#$%&'*+.^_`|~-]+";

/** Reads the mapping and reports invalid values. */
export function readMatch(draft: LevelDraft, map: MapNode): MatchPlan {
  const match: Mutable<MatchPlan> & { fields: FieldMatch[] } = {
    status: null,
    fields: [],
    body: null,
  };
  readMap(draft, "check_match", map, {
    status: (node) => {
      for (const item of itemsOf(node)) {
        const part = readLine(draft, "check_match", item, parseStatus);
        if (part === null) continue;
        match.status = {
          wanted: [...match.status?.wanted ?? [], ...part.wanted],
          unwanted: [...match.status?.unwanted ?? [], ...part.unwanted],
        };
      }
    },
    header: (node) => match.fields.push(...readFields(draft, node)),
    body: (node) => match.body = readLine(draft, "check_match", node, parseBody) ?? match.body,
  });
  return match;
}

/** Parses `200-399 404` or `! 500 503`; returns an error message when it is invalid. */
export function parseStatus(text: string): StatusMatch | string {
  const isNegated = /^\s*!/.test(text);
  const ranges: [number, number][] = [];
  const faults = text.replace(/^\s*!/, "").trim().split(/\s+/).map((word) => {
    const range = /^([1-5]\d\d)(?:-([1-5]\d\d))?$/.exec(word);
    const from = Number(range?.[1]);
    const to = Number(range?.[2] ?? range?.[1]);
    if (range === null || from > to) {
      return `found \`${word}\`; allowed: codes and ranges such as 200, 200-399, ! 500-599`;
    }
    ranges.push([from, to]);
    return null;
  });
  const wrong = joinFaults(faults);
  if (wrong !== null) return wrong;
  return isNegated ? { wanted: [], unwanted: ranges } : { wanted: ranges, unwanted: [] };
}

/** Reads `Content-Type: text/html` as a string or a mapping, or a sequence of these. */
function readFields(draft: LevelDraft, node: ConfigNode): FieldMatch[] {
  const fields: FieldMatch[] = [];
  for (const item of itemsOf(node)) {
    if (item.kind !== "mapping") {
      const field = readLine(draft, "check_match", item, parseField);
      if (field !== null) fields.push(field);
      continue;
    }
    for (const { key, value } of item.pairs) {
      const parse = (text: string) => parseField(`${key.text}: ${text}`);
      const field = readLine(draft, "check_match", value, parse);
      if (field !== null) fields.push(field);
    }
  }
  return fields;
}

/**
 * Parses `NAME`, `! NAME`, `NAME: VALUE`, and nginx's `NAME = VALUE`, `NAME != VALUE`,
 * `NAME ~ PATTERN`. Returns an error message when the text is invalid.
 */
export function parseField(text: string): FieldMatch | string {
  const allowed = "NAME, ! NAME, NAME: VALUE, NAME: ! VALUE, NAME: ~ PATTERN, NAME: !~ PATTERN";
  const absent = new RegExp(`^\\s*!\\s*(${fieldName})\\s*$`).exec(text);
  if (absent !== null) return { name: absent[1].toLowerCase(), ...presence, negated: true };
  const pair = new RegExp(`^\\s*(${fieldName})(?:\\s*:|\\s+(?=[=!~])|\\s*$)(.*)$`).exec(text);
  if (pair === null) return `found \`${text}\`; allowed: ${allowed}`;
  const test = parseTest(pair[2].trim());
  return typeof test === "string" ? test : { name: pair[1].toLowerCase(), ...test };
}

const presence: TextMatch = { kind: "present", negated: false, value: "", ignoreCase: false };

/** Parses what follows a field name: nothing, `!`, a value or a pattern. */
function parseTest(text: string): TextMatch | string {
  if (text === "" || text === "!") return { ...presence, negated: text === "!" };
  const [, not, operator, rest] = /^(!?)(~\*|~|=|)\s*(.*)$/s.exec(text)!;
  const negated = not === "!";
  const isPattern = operator.startsWith("~");
  if (!isPattern) return { kind: "equal", negated, value: rest, ignoreCase: false };
  const wrong = patternFault(rest);
  if (wrong !== null) return wrong;
  return { kind: "pattern", negated, value: rest, ignoreCase: operator === "~*" };
}

/** Parses `~ PATTERN`, `~* PATTERN` (ignores case), `!~ PATTERN` or `!~* PATTERN`. */
export function parseBody(text: string): TextMatch | string {
  const test = parseTest(text.trim());
  if (typeof test === "string") return test;
  if (test.kind === "pattern") return test;
  return `found \`${text}\`; allowed: ~ PATTERN, ~* PATTERN, !~ PATTERN, !~* PATTERN`;
}

function patternFault(source: string): string | null {
  if (source === "") return "the pattern is empty";
  try {
    new RegExp(source);
    return null;
  } catch (error) {
    return `found \`${source}\`: ${(error as Error).message}`;
  }
}
