/**
 * argv -> typed options, or all errors at once. Pure: the environment is a parameter.
 *
 * Not on @std/cli's parseArgs: it reads `-d10s`, which wrk's users write, as the flags d, 1, 0 and s,
 * `-kt2` as `-k` with the value t2, and `-HX-A: b` as `-H` without a value and `-X`.
 */
import { question } from "../base/nearest.ts";
import { keyOf, type OptionSpec, type Table, type Values, type ValueSpec, Wrong } from "./spec.ts";
import { readValue } from "./values.ts";

/** Looks up an environment variable. */
export type Environment = (name: string) => string | undefined;

export interface ParsedOptions<T extends Table> {
  readonly kind: "options";
  readonly values: Values<T>;
  readonly operands: readonly string[];
  /** The words after `--`, for tables with `restAfterDashes`. */
  readonly rest: readonly string[];
  /** Keys whose value came from the command line or the environment rather than a default. */
  readonly given: ReadonlySet<string>;
}

export type ParseOutcome<T extends Table> =
  | ParsedOptions<T>
  | { readonly kind: "help" }
  | { readonly kind: "version" }
  /** One line each, without the command's name. */
  | { readonly kind: "errors"; readonly errors: readonly string[] };

const helpSpec: OptionSpec = { long: "help", short: "h", kind: "flag", help: "Show this help." };
const versionSpec: OptionSpec = {
  long: "version",
  short: "v",
  kind: "flag",
  help: "Show the version.",
};

/**
 * The table's flags plus `--help` and `--version`, without their short names if the table uses
 * them.
 */
export function allOptions(table: Table): readonly OptionSpec[] {
  const taken = new Set(table.options.map((spec) => spec.short));
  const own = new Set(table.options.map((spec) => spec.long));
  const builtIn = [helpSpec, versionSpec].filter((spec) => !own.has(spec.long)).map((spec) => {
    if (!taken.has(spec.short)) return spec;
    const { short: _, ...rest } = spec;
    return rest as OptionSpec;
  });
  return [...table.options, ...builtIn];
}

/** Reads `argv` by `table`. `--help` and `--version` win over errors, `--help` over `--version`. */
export function parseOptions<T extends Table>(
  table: T,
  argv: readonly string[],
  environment: Environment = () => undefined,
): ParseOutcome<T> {
  const scan = new Scan(table, argv);
  scan.run();
  if (scan.found.has("help")) return { kind: "help" };
  if (scan.found.has("version")) return { kind: "version" };
  const given = new Set(scan.found.keys());
  const values: Record<string, unknown> = {};
  for (const spec of table.options) {
    const key = keyOf(spec);
    if (!scan.found.has(key) && !scan.faulty.has(key)) {
      takeEnvironment(spec, environment, scan, given);
    }
    values[key] = scan.found.has(key) ? scan.found.get(key) : defaultOf(spec);
    if (spec.kind !== "flag" && spec.required && !given.has(key) && !scan.faulty.has(key)) {
      scan.errors.push(`--${spec.long} is missing`);
    }
  }
  checkArity(table, scan);
  if (scan.errors.length > 0) return { kind: "errors", errors: scan.errors };
  const { operands, rest } = scan;
  return { kind: "options", values: values as Values<T>, operands, rest, given };
}

function defaultOf(spec: OptionSpec): unknown {
  if (spec.kind === "flag") return spec.default === undefined ? false : spec.default;
  return spec.default ?? (spec.repeat ? [] : null);
}

function takeEnvironment(
  spec: OptionSpec,
  environment: Environment,
  scan: Scan,
  given: Set<string>,
): void {
  const text = spec.env === undefined ? undefined : environment(spec.env);
  // Empty counts as unset: shells and compose files often leave variables empty.
  if (text === undefined || text === "") return;
  const key = keyOf(spec);
  if (spec.kind === "flag") {
    scan.found.set(key, !/^(0|no|off|false)$/i.test(text));
  } else {
    const value = readValue(spec, text);
    if (value instanceof Wrong) {
      scan.fail(spec, `${spec.env}=${text} in the environment: ${value.reason}`);
    } else scan.found.set(key, spec.repeat ? [value] : value);
  }
  given.add(key);
}

function checkArity(table: Table, scan: Scan): void {
  const name = table.operands?.name ?? "";
  const min = table.operands?.min ?? 0;
  const max = table.operands?.max ?? 0;
  const count = scan.operands.length;
  if (count < min) {
    scan.errors.push(min === 1 || count === 0 ? `${name} is missing` : `${min} ${name} are needed`);
  }
  for (const word of scan.hasUnknown ? [] : scan.operands.slice(max)) {
    scan.errors.push(`unexpected argument ${quoted(word)}`);
  }
}

/** One pass over argv. */
class Scan {
  readonly found = new Map<string, unknown>();
  readonly faulty = new Set<string>();
  readonly errors: string[] = [];
  readonly operands: string[] = [];
  rest: string[] = [];
  /** The value of an unknown flag looks like an operand, so do not complain about operands. */
  hasUnknown = false;
  readonly #options: readonly OptionSpec[];
  readonly #byName = new Map<string, OptionSpec>();
  readonly #byShort = new Map<string, OptionSpec>();
  #index = 0;

  constructor(readonly table: Table, readonly argv: readonly string[]) {
    this.#options = allOptions(table);
    for (const spec of this.#options) {
      for (const name of [spec.long, ...spec.aliases ?? []]) {
        this.#byName.set(name, spec);
        if (spec.kind === "flag" && spec.negatable) this.#byName.set(`no-${name}`, spec);
      }
      if (spec.short !== undefined) this.#byShort.set(spec.short, spec);
    }
  }

  run(): void {
    const { argv, table } = this;
    while (this.#index < argv.length) {
      const word = argv[this.#index++] as string;
      if (word === "--") {
        const following = argv.slice(this.#index);
        if (table.restAfterDashes) this.rest = following;
        else this.operands.push(...following);
        return;
      }
      if (word.startsWith("--")) this.#long(word, 2);
      else if (word.startsWith("-") && word !== "-") {
        if (table.getopt) this.#long(word, 1);
        else this.#cluster(word);
      } else {
        this.operands.push(word);
        if (!table.stopAtOperand) continue;
        this.operands.push(...argv.slice(this.#index));
        return;
      }
    }
  }

  fail(spec: OptionSpec, error: string): void {
    this.faulty.add(keyOf(spec));
    this.errors.push(error);
  }

  /** `--name`, `--name=value`, `--name value`. */
  #long(word: string, dashes: number): void {
    const equals = word.indexOf("=");
    const name = word.slice(dashes, equals < 0 ? undefined : equals);
    const inline = equals < 0 ? null : word.slice(equals + 1);
    const resolved = this.#resolve(name);
    if (typeof resolved === "string") {
      this.errors.push(resolved);
      return;
    }
    const { spec, matched } = resolved;
    if (spec.kind !== "flag") return this.#take(spec, `--${matched}`, inline);
    if (inline !== null) {
      return this.fail(spec, `--${matched}: takes no value, got ${quoted(inline)}`);
    }
    const negated = spec.negatable === true && matched.startsWith("no-") &&
      !spec.long.startsWith("no-");
    this.found.set(keyOf(spec), !negated);
  }

  /** The flag with this long name, or the error line. */
  #resolve(name: string): { spec: OptionSpec; matched: string } | string {
    const wanted = this.table.getopt ? name.toLowerCase() : name;
    const exact = this.#byName.get(wanted);
    if (exact !== undefined) return { spec: exact, matched: wanted };
    const names = [...this.#byName.keys()].filter((each) => !this.#byName.get(each)?.hidden);
    if (this.table.getopt && wanted !== "") {
      const short = names.filter((each) =>
        each.startsWith(wanted) && !this.#byName.get(each)?.exactOnly
      );
      const specs = new Set(short.map((each) => this.#byName.get(each)));
      if (specs.size === 1) {
        const matched = short[0] as string;
        return { spec: this.#byName.get(matched) as OptionSpec, matched };
      }
      if (specs.size > 1) {
        return `${quoted(`--${name}`)} is ambiguous: ${
          short.map((each) => `--${each}`).join(", ")
        }`;
      }
    }
    this.hasUnknown = true;
    return `unknown flag ${quoted(`--${name}`)}${question(wanted, names, "--")}`;
  }

  /** `-c5`, `-c 5`, `-kq`. */
  #cluster(word: string): void {
    for (let at = 1; at < word.length; at++) {
      const letter = word[at] as string;
      const spec = this.#byShort.get(letter);
      if (spec === undefined) {
        this.errors.push(this.#unknownShort(word, letter, at));
        return;
      }
      if (spec.kind !== "flag") {
        const attached = word.slice(at + 1);
        // `-c=5`: no number begins with `=`, so the intention is clear.
        const inline = spec.kind === "string" || spec.kind === "parsed"
          ? attached
          : attached.replace(/^=/, "");
        this.#take(spec, `-${letter}`, attached === "" ? null : inline);
        return;
      }
      this.found.set(keyOf(spec), true);
    }
  }

  #unknownShort(word: string, letter: string, at: number): string {
    // A long name with a single dash is the most common mistake.
    const long = word.slice(1).split("=")[0] as string;
    const slip = long.length > 1 && this.#byName.has(long);
    this.hasUnknown = true;
    const guess = slip
      ? `: did you mean --${long}?`
      : at === 1 && long.length > 1
      ? question(long, [...this.#byName.keys()], "--")
      : "";
    const flag = quoted(`-${letter}`);
    const shown = at > 1 ? `${flag} in ${quoted(word)}` : long.length > 1 ? quoted(word) : flag;
    return `unknown flag ${shown}${guess}`;
  }

  #take(spec: ValueSpec, shown: string, inline: string | null): void {
    let text = inline;
    if (text === null) {
      const next = this.argv[this.#index];
      if (next === undefined || this.#isKnownFlag(next)) {
        return this.fail(spec, `${shown}: needs a value`);
      }
      this.#index += 1;
      text = next;
    }
    const value = readValue(spec, text);
    if (value instanceof Wrong) return this.fail(spec, `${shown} ${quoted(text)}: ${value.reason}`);
    const key = keyOf(spec);
    if (!spec.repeat) this.found.set(key, value);
    else this.found.set(key, [...this.found.get(key) as unknown[] ?? [], value]);
  }

  /** Lets `--port --host h` report that --port lacks its value. */
  #isKnownFlag(word: string): boolean {
    return word.startsWith("--") && this.#byName.has(word.slice(2).split("=")[0] as string);
  }
}

/** A word as shown in an error line: quoted if empty or with blanks or control characters. */
export function quoted(word: string): string {
  const shown = word.length > 200 ? `${word.slice(0, 200)}...` : word;
  return /^[^\s"'\x00-\x1f\x7f]+$/.test(shown) ? shown : JSON.stringify(shown);
}
