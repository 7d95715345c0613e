/** What `_redirects` and `_headers` have in common: their lines, and how much of them is read. */
import { HostPattern, PathPattern, PatternFault } from "./path_pattern.ts";

/** A larger file is not read. */
export const ruleFileBytesMax = 4 << 20;
/** A longer line is ignored. */
export const ruleLineCharsMax = 2000;

/** A line that says something. */
export interface RuleLine {
  /** From 1. */
  readonly number: number;
  /** Without blanks around it. */
  readonly text: string;
}

/** Lines that are ignored, each as `12: what is wrong with it`, in the order of the file. */
export type Faults = string[];

/** The lines but for comments and empty ones. Lazily, so that faults come in the order of lines. */
export function* ruleLines(text: string, faults: Faults): Generator<RuleLine> {
  let number = 0;
  for (const raw of text.replace(/^\ufeff/, "").split(/\r?\n/)) {
    const line = { number: ++number, text: raw.trim() };
    if (line.text === "" || line.text.startsWith("#")) continue;
    if (line.text.length <= ruleLineCharsMax) yield line;
    else addFault(faults, line, `longer than ${ruleLineCharsMax} characters`);
  }
}

export function addFault(faults: Faults, line: RuleLine, reason: string): void {
  faults.push(`${line.number}: ${reason}`);
}

/** What a rule is for: a path, on any host or on the one of a URL. */
export interface RuleSource {
  readonly path: PathPattern;
  readonly scheme: "http" | "https" | null;
  readonly host: HostPattern | null;
  readonly names: readonly string[];
}

/** A path, or a URL; a string is the reason why it is neither. */
export function parseSource(text: string): RuleSource | string {
  const [, scheme, host, rest] = /^(https?):\/\/([^/?#]+)([^?#]*)$/i.exec(text) ?? [];
  if (scheme === undefined && !text.startsWith("/")) {
    return `${text}: must begin with "/", "http://" or "https://"`;
  }
  if (/[?#]/.test(text)) return `${text}: must have no query and no fragment`;
  const path = PathPattern.parse(scheme === undefined ? text : rest || "/");
  if (path instanceof PatternFault) return `${text}: ${path.reason}`;
  const pattern = host === undefined ? null : new HostPattern(host.replace(/:\d+$/, ""));
  return {
    path,
    scheme: scheme === undefined ? null : scheme.toLowerCase() as "http" | "https",
    host: pattern,
    names: [...path.names, ...pattern?.names ?? []],
  };
}
