/** Renders a flag table as the text of `--help`. Pure; snapshot-tested. */
import { allOptions } from "./parse.ts";
import type { OptionSpec, Table, ValueSpec } from "./spec.ts";
import { formatDurationMs } from "./values.ts";

const columnsMax = 96;
/** The help text of flags longer than this begins on the next line. */
const flagColumnsMax = 30;

/** The whole `--help` text, ending with a line feed. */
export function renderHelp(table: Table): string {
  const lines = [...wrap(`${table.command}: ${table.summary}`, columnsMax), ""];
  table.usage.forEach((usage, index) => {
    lines.push(`${index === 0 ? "Usage:" : "      "} ${table.command} ${usage}`.trimEnd());
  });
  for (const paragraph of table.description ?? []) lines.push("", ...wrap(paragraph, columnsMax));
  if (table.operands?.help !== undefined) {
    lines.push(
      "",
      ...row(`  ${table.operands.name}`, table.operands.help, 4 + table.operands.name.length),
    );
  }
  for (const [heading, specs] of sectionsOf(table)) {
    lines.push("", `${heading}:`);
    const width = Math.min(
      Math.max(...specs.map((spec) => flagText(spec).length)),
      flagColumnsMax,
    ) + 2;
    for (const spec of specs) lines.push(...row(flagText(spec), optionHelp(spec), width));
  }
  lines.push(...environmentLines(table), ...exampleLines(table));
  if (table.exitCodes !== undefined) {
    lines.push("", "Exit codes:");
    for (const { code, meaning } of table.exitCodes) lines.push(...row(`  ${code}`, meaning, 7));
  }
  return `${lines.join("\n")}\n`;
}

/** The visible flags by heading, headings in order of first use, `--help` and `--version` last. */
export function sectionsOf(table: Table): ReadonlyMap<string, readonly OptionSpec[]> {
  const sections = new Map<string, OptionSpec[]>();
  const own = new Set(table.options);
  for (const spec of allOptions(table)) {
    if (spec.hidden) continue;
    const heading = own.has(spec)
      ? spec.section ?? "Options"
      : sections.has("Options")
      ? "Options"
      : "Other";
    const section = sections.get(heading);
    if (section === undefined) sections.set(heading, [spec]);
    else section.push(spec);
  }
  return sections;
}

/** `  -c, --connections N`. */
function flagText(spec: OptionSpec): string {
  const short = spec.short === undefined ? "      " : `  -${spec.short}, `;
  return short + longText(spec);
}

/** `--connections N`, `--[no-]chunked`. */
export function longText(spec: OptionSpec): string {
  if (spec.kind === "flag") return spec.negatable ? `--[no-]${spec.long}` : `--${spec.long}`;
  return `--${spec.long} ${placeholderOf(spec)}`;
}

const placeholders: Readonly<Record<ValueSpec["kind"], string>> = {
  string: "TEXT",
  integer: "N",
  number: "X",
  duration: "TIME",
  count: "N",
  size: "SIZE",
  enum: "WORD",
  parsed: "VALUE",
};

/** Placeholder for the value: the one in the table, or one derived from the kind. */
export function placeholderOf(spec: ValueSpec): string {
  if (spec.placeholder !== undefined) return spec.placeholder;
  if (spec.kind === "enum" && spec.values.join("|").length <= 20) return spec.values.join("|");
  return placeholders[spec.kind];
}

/** The flag's help, followed by choices, repetition, default and environment variable. */
export function optionHelp(spec: OptionSpec): string {
  const notes: string[] = [];
  if (spec.kind !== "flag") {
    if (spec.kind === "enum" && placeholderOf(spec) !== spec.values.join("|")) {
      notes.push(`one of ${spec.values.join(", ")}`);
    }
    if (spec.repeat && !/may be repeated/.test(spec.help)) notes.push("may be repeated");
    const fallback = defaultText(spec);
    if (fallback !== null) notes.push(`default: ${fallback}`);
  }
  if (spec.env !== undefined) notes.push(`env: ${spec.env}`);
  return notes.length === 0 ? spec.help : `${spec.help} (${notes.join("; ")})`;
}

function defaultText(spec: ValueSpec): string | null {
  if (spec.defaultText !== undefined) return spec.defaultText;
  if (spec.default === undefined) return null;
  if (spec.kind === "duration") return formatDurationMs(spec.default);
  return typeof spec.default === "object" ? null : String(spec.default);
}

function environmentLines(table: Table): string[] {
  if (table.environment === undefined || table.environment.length === 0) return [];
  const width = Math.min(
    Math.max(...table.environment.map(({ name }) => name.length + 4)),
    flagColumnsMax,
  );
  return [
    "",
    "Environment:",
    ...table.environment.flatMap(({ name, help }) => row(`  ${name}`, help, width)),
  ];
}

function exampleLines(table: Table): string[] {
  if (table.examples.length === 0) return [];
  return [
    "",
    "Examples:",
    ...table.examples.flatMap(({ run, about }) => [`  ${run}`, `      ${about}`]),
  ];
}

/** A term on the left and its text from column `width` on. */
function row(term: string, text: string, width: number): string[] {
  const body = wrap(text, columnsMax - width);
  const indent = " ".repeat(width);
  if (term.length + 1 > width) return [term, ...body.map((line) => indent + line)];
  return body.map((line, index) => (index === 0 ? term.padEnd(width) : indent) + line);
}

/** Breaks `text` at blanks into lines of at most `columns` characters. */
export function wrap(text: string, columns: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(/\s+/)) {
    if (line !== "" && line.length + 1 + word.length > columns) {
      lines.push(line);
      line = word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  return [...lines, line];
}
