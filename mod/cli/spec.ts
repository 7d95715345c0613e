/**
 * The shape of a flag table: one description of a command, from which the parser, `--help`, the
 * man page and the shell completions are made, and TypeScript derives the type of the options.
 */

/** Common properties of all flags. */
interface CommonSpec {
  /** Without dashes, lower case with hyphens: `kill-old-delay`. */
  readonly long: string;
  /** One letter: `c` for `-c`. */
  readonly short?: string;
  /** Other long names with the same meaning (`timeout-ms`); not shown in help. */
  readonly aliases?: readonly string[];
  /**
   * Name in the typed result; default: `long` in camel case. Use it to put a unit last:
   * `timeoutMs`.
   */
  readonly key?: string;
  /** Environment variable to read if the flag is not given. */
  readonly env?: string;
  /** One or two plain sentences; wrapped by the renderer. */
  readonly help: string;
  /** Heading in the help text; default "Options". Headings appear in order of first use. */
  readonly section?: string;
  /** Accepted but not documented. */
  readonly hidden?: boolean;
  /**
   * With `getopt`: not matched by abbreviations, so that those of the original tool stay unique.
   */
  readonly exactOnly?: boolean;
}

/** A switch. `negatable` also accepts `--no-LONG`. */
export interface FlagSpec extends CommonSpec {
  readonly kind: "flag";
  /** Default false; null if "not given" must differ from "no". */
  readonly default?: boolean | null;
  readonly negatable?: boolean;
}

interface ValueCommon extends CommonSpec {
  /** Placeholder for the value in help: `N`, `FILE`. */
  readonly placeholder?: string;
  /** May be given several times; the result is an array, empty when never given. */
  readonly repeat?: boolean;
  /** Omitting it is an error. */
  readonly required?: boolean;
  /** Shown in help in place of the default value, for example "CPUs this process may use". */
  readonly defaultText?: string;
}

export interface StringSpec extends ValueCommon {
  readonly kind: "string";
  readonly default?: string;
}

/** A whole number. */
export interface IntegerSpec extends ValueCommon {
  readonly kind: "integer";
  readonly default?: number;
  readonly min?: number;
  readonly max?: number;
}

/** A decimal number. */
export interface NumberSpec extends ValueCommon {
  readonly kind: "number";
  readonly default?: number;
  readonly min?: number;
  readonly max?: number;
}

/**
 * A time: `10` (seconds), `500ms`, `2s`, `1.5m`, `1h`. The result, default and limits are
 * milliseconds.
 */
export interface DurationSpec extends ValueCommon {
  readonly kind: "duration";
  readonly default?: number;
  readonly min?: number;
  readonly max?: number;
}

/** A whole number with an optional decimal suffix: `12k` = 12,000, `1.5M`, `2G`. */
export interface CountSpec extends ValueCommon {
  readonly kind: "count";
  readonly default?: number;
  readonly min?: number;
  readonly max?: number;
}

/** Bytes with an optional binary suffix: `64k` = 65,536, `32M`, `1G`. */
export interface SizeSpec extends ValueCommon {
  readonly kind: "size";
  readonly default?: number;
  readonly min?: number;
  readonly max?: number;
}

/** One of a few words. */
export interface EnumSpec extends ValueCommon {
  readonly kind: "enum";
  readonly values: readonly string[];
  readonly default?: string;
}

/** A value read by a custom function, such as an address or a header line. */
export interface ParsedSpec extends ValueCommon {
  readonly kind: "parsed";
  /** Returns the value, or `Wrong` with the reason ("not host:port or a path"). Never throws. */
  readonly parse: (text: string) => unknown;
  readonly default?: unknown;
}

/** Why a text is not valid; shown in an error line after `--flag text: `. */
export class Wrong {
  constructor(readonly reason: string) {}
}

export type ValueSpec =
  | StringSpec
  | IntegerSpec
  | NumberSpec
  | DurationSpec
  | CountSpec
  | SizeSpec
  | EnumSpec
  | ParsedSpec;

export type OptionSpec = FlagSpec | ValueSpec;

/** The arguments that are not flags. */
export interface OperandSpec {
  /** In help: `URL`, `COMMAND`. */
  readonly name: string;
  readonly min: number;
  readonly max: number;
  readonly help?: string;
}

export interface Example {
  readonly run: string;
  readonly about: string;
}

export interface ExitCode {
  readonly code: number;
  readonly meaning: string;
}

/** One command: its flags, its operands and its texts. */
export interface Table {
  /** As the user types it: `hayate load`. */
  readonly command: string;
  /** One line, no full stop. */
  readonly summary: string;
  /** The part of each usage line after the command: `[options] URL`. */
  readonly usage: readonly string[];
  /** Paragraphs between the usage and the flags. */
  readonly description?: readonly string[];
  readonly options: readonly OptionSpec[];
  /** Default: none allowed. */
  readonly operands?: OperandSpec;
  readonly examples: readonly Example[];
  readonly exitCodes?: readonly ExitCode[];
  /** Shown in help and the man page, in addition to the variables of flags. */
  readonly environment?: readonly { readonly name: string; readonly help: string }[];
  /** From the first word that is not a flag, all words are operands (a command line to run). */
  readonly stopAtOperand?: boolean;
  /** Words after `--` go to `rest` instead of `operands`. */
  readonly restAfterDashes?: boolean;
  /**
   * Perl's Getopt::Long: `-long` = `--long`, any case, unique abbreviations. No clustered short
   * flags.
   */
  readonly getopt?: boolean;
}

type Camel<S extends string> = S extends `${infer A}-${infer B}` ? `${A}${Capitalize<Camel<B>>}`
  : S;

type KeyOf<S extends OptionSpec> = S extends { readonly key: infer K extends string } ? K
  : Camel<S["long"]>;

type Scalar<S extends OptionSpec> = S extends { readonly kind: "flag" } ? boolean
  : S extends { readonly kind: "string" } ? string
  : S extends { readonly kind: "enum"; readonly values: readonly (infer V)[] } ? V
  : S extends { readonly kind: "parsed"; readonly parse: (text: string) => infer R }
    ? Exclude<R, Wrong>
  : number;

type ValueOf<S extends OptionSpec> = S extends { readonly kind: "flag" }
  ? (S extends { readonly default: null } ? boolean | null : boolean)
  : S extends { readonly repeat: true } ? readonly Scalar<S>[]
  : S extends { readonly required: true } ? Scalar<S>
  : S extends { readonly default: infer D } ? (D extends undefined ? Scalar<S> | null : Scalar<S>)
  : Scalar<S> | null;

/** The typed result of a table: one property per flag; null if not given and without default. */
export type Values<T extends Table> = {
  readonly [S in T["options"][number] as KeyOf<S>]: ValueOf<S>;
};

/** Preserves the literal types of a table, so that `Values` can be derived from it. */
export function defineTable<const T extends Table>(table: T): T {
  return table;
}

/** Name of a flag's value in the result. */
export function keyOf(spec: OptionSpec): string {
  return spec.key ?? spec.long.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());
}
