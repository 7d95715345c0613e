/** Texts that do not belong to a single mode: `hayate --help`, lists of subcommands and topics. */
import type { Manual, Subcommand } from "./mode.ts";

/** What is known of a mode without loading it. */
export interface ModeEntry {
  readonly name: string;
  readonly summary: string;
}

/** `hayate --help`. */
export function renderOverview(modes: readonly ModeEntry[], version: string): string {
  const width = Math.max(...modes.map((mode) => mode.name.length)) + 3;
  return `hayate ${version}: HTTP tools in one binary

Usage: hayate MODE [options] ...

Modes:
${modes.map((mode) => `  ${mode.name.padEnd(width)}${mode.summary}`).join("\n")}

More:
  hayate MODE --help             flags, examples and exit codes of a mode
  hayate help MODE [TOPIC]       help topics of a mode
  hayate help man                the man page, in roff
  hayate completions SHELL       completions for bash, zsh or fish
  hayate --version

Examples:
  hayate serve --port 8080 --text 'hello world'
      answer every request with a fixed body
  hayate load -c 50 -d 10s http://127.0.0.1:8080/
      measure it
  hayate proxy -c h2o.conf
      reverse proxy and static files, configured as h2o is
  PORTS="80 443" hayate supervise proxy
      hold the sockets; a HUP starts the next generation without losing a request

Exit codes:
  0 done   1 failed   2 wrong usage   3 threshold failed (load)   78 invalid configuration   130 interrupted

Environment:
  HAYATE_DEBUG=1                 show stack traces of errors
  HAYATE_REACTOR=epoll|portable  choose the reactor (default: epoll where possible)
`;
}

/** The list of subcommands below a mode's `--help`, or "" if it has none. */
export function renderSubcommands(name: string, all: readonly Subcommand[]): string {
  const subcommands = all.filter(({ isHidden }) => !isHidden);
  if (subcommands.length === 0) return "";
  const width = Math.max(...subcommands.map((each) => each.name.length)) + 3;
  const lines = subcommands.map((each) => `  ${each.name.padEnd(width)}${each.table.summary}`);
  return `\nSubcommands (hayate ${name} SUBCOMMAND --help):\n${lines.join("\n")}\n`;
}

/** The list of topics below a mode's `--help`, or "" if it has none. */
export function renderTopics({ name, topics }: Manual): string {
  if (topics.length === 0) return "";
  const width = Math.max(...topics.map((topic) => topic.name.length)) + 3;
  const lines = topics.map((topic) => `  ${topic.name.padEnd(width)}${topic.summary}`);
  return `\nTopics (hayate help ${name} TOPIC):\n${lines.join("\n")}\n`;
}
