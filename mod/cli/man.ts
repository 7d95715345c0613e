/** Renders all flag tables as one man page, hayate(1), in man macros (groff_man(7)). Pure. */
import { longText, optionHelp, sectionsOf } from "./help.ts";
import type { Manual, Topic } from "./mode.ts";
import type { OptionSpec, Table } from "./spec.ts";

/** The page. `date` is YYYY-MM-DD; it is a parameter so that builds are reproducible. */
export function renderMan(modes: readonly Manual[], version: string, date: string): string {
  const lines = [
    `.TH HAYATE 1 ${quote(date)} ${quote(`hayate ${version}`)}`,
    ".SH NAME",
    `hayate \\- ${modes.map((mode) => roff(mode.name)).join(", ")}: HTTP tools in one binary`,
    ".SH SYNOPSIS",
    ...modes.flatMap(({ table }) => synopsis(table)),
    ".SH DESCRIPTION",
    ...modes.flatMap((mode) => [".TP", `.B hayate ${roff(mode.name)}`, text(`${mode.summary}.`)]),
  ];
  for (const mode of modes) {
    lines.push(...commandLines(mode.table));
    for (const subcommand of mode.subcommands) lines.push(...commandLines(subcommand.table));
    for (const topic of mode.topics) lines.push(...topicLines(mode, topic));
  }
  return `${lines.join("\n")}\n`;
}

function commandLines(table: Table): string[] {
  const lines = [
    `.SH ${quote(table.command.toUpperCase())}`,
    text(`${table.command}: ${table.summary}.`),
    ".PP",
  ];
  lines.push(...synopsis(table));
  for (const paragraph of table.description ?? []) lines.push(".PP", text(paragraph));
  for (const [heading, specs] of sectionsOf(table)) {
    lines.push(`.SS ${quote(`${heading} of ${table.command}`)}`, ...specs.flatMap(optionLines));
  }
  if ((table.environment ?? []).length > 0) {
    lines.push(`.SS ${quote(`Environment of ${table.command}`)}`);
  }
  for (const { name, help } of table.environment ?? []) {
    lines.push(".TP", `.B ${roff(name)}`, text(help));
  }
  if (table.exitCodes !== undefined) lines.push(`.SS ${quote(`Exit codes of ${table.command}`)}`);
  for (const { code, meaning } of table.exitCodes ?? []) {
    lines.push(".TP", `.B ${code}`, text(meaning));
  }
  if (table.examples.length > 0) lines.push(`.SS ${quote(`Examples of ${table.command}`)}`);
  for (const { run, about } of table.examples) {
    lines.push(".PP", text(`${about}:`), ".PP", ...verbatim(run));
  }
  return lines;
}

function synopsis(table: Table): string[] {
  return table.usage.flatMap((usage) => [`.B ${roff(table.command)}`, text(usage), ".br"]);
}

function optionLines(spec: OptionSpec): string[] {
  const [flag = "", ...rest] = longText(spec).split(" ");
  const short = spec.short === undefined ? "" : `\\fB\\-${roff(spec.short)}\\fR, `;
  const value = rest.length === 0 ? "" : ` \\fI${roff(rest.join(" "))}\\fR`;
  return [".TP", `${short}\\fB${roff(flag)}\\fR${value}`, text(optionHelp(spec))];
}

function topicLines(mode: Manual, topic: Topic): string[] {
  return [
    `.SH ${quote(`HAYATE ${mode.name} ${topic.name}`.toUpperCase())}`,
    ...verbatim(topic.text.trimEnd()),
  ];
}

function verbatim(block: string): string[] {
  return [".nf", ".RS", ...block.split("\n").map(text), ".RE", ".fi"];
}

/** A line of text, escaped so that it does not begin with a roff control character. */
function text(line: string): string {
  return line === "" ? "\\&" : `${/^[.']/.test(line) ? "\\&" : ""}${roff(line)}`;
}

function roff(line: string): string {
  return line.replaceAll("\\", "\\e").replaceAll("-", "\\-").replaceAll("'", "\\(aq").replaceAll(
    "^",
    "\\(ha",
  )
    .replaceAll("~", "\\(ti").replaceAll("`", "\\(ga");
}

/** A macro's argument. */
function quote(argument: string): string {
  return `"${roff(argument).replaceAll('"', "\\(dq")}"`;
}
