/** Generates shell completions from the flag tables. Pure. */
import type { Manual } from "./mode.ts";
import { allOptions } from "./parse.ts";
import type { OptionSpec, Table } from "./spec.ts";

export const shells = ["bash", "zsh", "fish"] as const;
export type Shell = typeof shells[number];

/** What may follow a command path: `hayate`, `hayate load`, `hayate load plot`. */
interface Branch {
  /** The words after `hayate`. */
  readonly path: readonly string[];
  readonly words: readonly { readonly name: string; readonly summary: string }[];
  readonly options: readonly OptionSpec[];
}

const builtIns = [
  { name: "help", summary: "help topics of a mode" },
  { name: "completions", summary: "completions for bash, zsh or fish" },
];

/** A script for `shell`, to be sourced or saved where the shell looks for completions. */
export function renderCompletions(shell: Shell, modes: readonly Manual[]): string {
  const branches = branchesOf(modes);
  if (shell === "bash") return renderBash(branches);
  return shell === "zsh" ? renderZsh(branches) : renderFish(branches);
}

function branchesOf(modes: readonly Manual[]): Branch[] {
  const shellWords = shells.map((name) => ({ name, summary: `completions for ${name}` }));
  const top: Branch = {
    path: [],
    words: [...modes, ...builtIns].map(({ name, summary }) => ({ name, summary })),
    options: allOptions(bareTable),
  };
  const branches: Branch[] = [
    top,
    { path: ["help"], words: modes.map(({ name, summary }) => ({ name, summary })), options: [] },
    { path: ["completions"], words: shellWords, options: [] },
  ];
  for (const mode of modes) {
    const { subcommands } = mode;
    const words = subcommands.map((each) => ({ name: each.name, summary: each.table.summary }));
    branches.push({ path: [mode.name], words, options: visible(mode.table) });
    branches.push({
      path: ["help", mode.name],
      words: [...words, ...mode.topics],
      options: [],
    });
    for (const each of subcommands) {
      branches.push({ path: [mode.name, each.name], words: [], options: visible(each.table) });
    }
  }
  return branches;
}

const bareTable: Table = { command: "hayate", summary: "", usage: [], options: [], examples: [] };

function visible(table: Table): OptionSpec[] {
  return allOptions(table).filter((spec) => !spec.hidden);
}

function flagsOf(spec: OptionSpec): string[] {
  const flags = [`--${spec.long}`];
  if (spec.kind === "flag" && spec.negatable) flags.push(`--no-${spec.long}`);
  if (spec.short !== undefined) flags.push(`-${spec.short}`);
  return flags;
}

function renderBash(branches: readonly Branch[]): string {
  const cases = branches.map(({ path, words, options }) => {
    const offered = [...words.map((word) => word.name), ...options.flatMap(flagsOf)].join(" ");
    return `    ${JSON.stringify(path.join(" "))}) offered=${JSON.stringify(offered)} ;;`;
  });
  const enums = branches.flatMap(({ path, options }) =>
    options.flatMap((spec) =>
      spec.kind === "enum"
        ? [
          `    ${JSON.stringify([...path, `--${spec.long}`].join(" "))}) offered=${
            JSON.stringify(spec.values.join(" "))
          } ;;`,
        ]
        : []
    )
  );
  const paths = branches.map(({ path }) => JSON.stringify(path.join(" "))).join(" | ");
  return `# bash completion for hayate; save it as ~/.local/share/bash-completion/completions/hayate
_hayate() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD-1]} path="" offered="" i
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "\${path:+$path }\${COMP_WORDS[i]}" in
    ${paths}) path="\${path:+$path }\${COMP_WORDS[i]}" ;;
    *) break ;;
    esac
  done
  case "\${path:+$path }$previous" in
${enums.join("\n")}
  esac
  [ -n "$offered" ] || case "$path" in
${cases.join("\n")}
  esac
  COMPREPLY=($(compgen -W "$offered" -- "$current"))
  [ \${#COMPREPLY[@]} -gt 0 ] || compopt -o default 2>/dev/null
}
complete -F _hayate hayate
`;
}

function renderZsh(branches: readonly Branch[]): string {
  const cases = branches.map(({ path, words, options }) => {
    const wordLines = words.map((word) => zshEntry(word.name, word.summary));
    const flagLines = options.flatMap((spec) =>
      flagsOf(spec).map((flag) => zshEntry(flag, spec.help))
    );
    return `    ${JSON.stringify(path.join(" "))})
      words_offered=(${wordLines.join(" ")})
      flags_offered=(${flagLines.join(" ")}) ;;`;
  });
  const paths = branches.map(({ path }) => JSON.stringify(path.join(" "))).join(" | ");
  return `#compdef hayate
# zsh completion for hayate; save it as _hayate in a directory of $fpath
_hayate() {
  local path_so_far="" word i
  local -a words_offered flags_offered
  for ((i = 2; i < CURRENT; i++)); do
    word="\${path_so_far:+$path_so_far }\${words[i]}"
    case "$word" in
    ${paths}) path_so_far="$word" ;;
    *) break ;;
    esac
  done
  case "$path_so_far" in
${cases.join("\n")}
  esac
  if [[ "\${words[CURRENT]}" == -* ]]; then
    _describe -o flag flags_offered
  else
    _describe word words_offered || _files
  fi
}
if [ "$funcstack[1]" = "_hayate" ]; then _hayate "$@"; else compdef _hayate hayate; fi
`;
}

function zshEntry(name: string, text: string): string {
  const plain = text.replaceAll("\\", "\\\\").replaceAll("'", "'\\''");
  return `'${name.replaceAll(":", "\\:")}:${plain}'`;
}

function renderFish(branches: readonly Branch[]): string {
  const paths = branches.map(({ path }) => fishQuote(path.join(" "))).join(" ");
  const lines = [
    "# fish completion for hayate; save it as ~/.config/fish/completions/hayate.fish",
    "# True when the words so far are exactly this command path.",
    "function __hayate_at",
    "    set -l place",
    "    for word in (commandline -opc)[2..-1]",
    '        set -l next (string trim "$place $word")',
    `        contains -- "$next" ${paths}; or break`,
    "        set place $next",
    "    end",
    '    test "$place" = "$argv[1]"',
    "end",
  ];
  for (const { path, words, options } of branches) {
    const condition = `"__hayate_at '${path.join(" ")}'"`;
    for (const word of words) {
      lines.push(
        `complete -c hayate -n ${condition} -f -a ${fishQuote(word.name)} -d ${
          fishQuote(word.summary)
        }`,
      );
    }
    for (const spec of options) lines.push(fishOption(condition, spec));
  }
  return `${lines.join("\n")}\n`;
}

function fishOption(condition: string, spec: OptionSpec): string {
  const short = spec.short === undefined ? "" : ` -s ${spec.short}`;
  const value = spec.kind === "flag"
    ? ""
    : spec.kind === "enum"
    ? ` -x -a ${fishQuote(spec.values.join(" "))}`
    : " -r";
  return `complete -c hayate -n ${condition} -l ${spec.long}${short}${value} -d ${
    fishQuote(spec.help)
  }`;
}

function fishQuote(text: string): string {
  return `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
}
