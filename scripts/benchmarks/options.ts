/** The command line of scripts/bench. */
export interface BenchOptions {
  readonly help: boolean;
  readonly install: boolean;
  /** Names of comparisons; empty: all of them, or the core ones with `quick`. */
  readonly only: readonly string[];
  readonly all: boolean;
  readonly seconds: number;
  readonly runs: number;
  /** Measure only the first number of connections of each comparison. */
  readonly quick: boolean;
  /** Writes the records, and makes RESULTS.md again. */
  readonly results: boolean;
  readonly json: string | null;
  readonly svg: string | null;
  /** A folder that scripts/newer_peers has made; null: its default. */
  readonly peers: string | null;
}

export const usage = `Usage: scripts/bench [options]

Measures dist/hayate beside wrk, nginx and others, in turns (A B B A ...), each side on a core of
its own: requests per second and CPU microseconds per request, medians with their quartiles. "x
floor" is the cost as a multiple of what the kernel alone costs (floor/README.md), and the last
column compares runs that followed each other. Below each row are its goals: PASS, short, or not
judged without a contender to compare with; and what our first second costs, in which V8 compiles.
Heads vary as those of real clients do, unless the title says that they are identical.

  --quick         the headlines, over their first transport with their first number of connections,
                  one second a run: about 12 minutes. Without it everything is measured
  --only NAME     only this comparison; 'http2*' for all that begin so; may be repeated
  --all           with --quick: every comparison, shortened
  --seconds N     seconds of one run (default 5; with --quick 1)
  --runs N        runs of each contender in each row (default 5)
  --results       keep the figures in benchmarks/records, and make RESULTS.md and its pictures again
  --json FILE     every figure
  --svg FILE      the requests per CPU-second as a chart
  --peers DIR     the newer peers that stand beside the installed ones: what scripts/newer_peers DIR
                  has made (default: where it puts them without DIR)
  --install       install the peer programs with apt-get (needs root)
  --help
`;

/** Parses the arguments. Throws RangeError with one line for the user. */
export function parseOptions(argv: readonly string[], names: readonly string[]): BenchOptions {
  const flags = { help: false, install: false, all: false, quick: false, results: false };
  const values: { seconds?: number; runs?: number; json?: string; svg?: string; peers?: string } =
    {};
  const only: string[] = [];
  for (let i = 0; i < argv.length; i++) {
    const [flag, inline] = splitFlag(argv[i]);
    const value = () => inline ?? argv[++i] ?? fail(`${flag} needs a value`);
    if (flag === "--only") only.push(...someOf(value(), names));
    else if (flag === "--json") values.json = value();
    else if (flag === "--svg") values.svg = value();
    else if (flag === "--peers") values.peers = value();
    else if (flag === "--seconds") values.seconds = positive(flag, value());
    else if (flag === "--runs") values.runs = positive(flag, value());
    else if (flag === "-h") flags.help = true;
    else if (Object.hasOwn(flags, flag.slice(2))) flags[flag.slice(2) as keyof typeof flags] = true;
    else fail(`unknown option ${argv[i]}; see scripts/bench --help`);
  }
  return {
    ...flags,
    only,
    seconds: values.seconds ?? (flags.quick ? 1 : 5),
    runs: values.runs ?? 5,
    json: values.json ?? null,
    svg: values.svg ?? null,
    peers: values.peers ?? null,
  };
}

function splitFlag(argument: string): [flag: string, value: string | undefined] {
  const at = argument.indexOf("=");
  return at < 0 ? [argument, undefined] : [argument.slice(0, at), argument.slice(at + 1)];
}

/** The comparison of this name, or all whose names begin with what precedes a final asterisk. */
function someOf(value: string, names: readonly string[]): readonly string[] {
  const found = value.endsWith("*")
    ? names.filter((name) => name.startsWith(value.slice(0, -1)))
    : names.filter((name) => name === value);
  if (found.length > 0) return found;
  fail(`--only ${value}: no such comparison, there are ${names.join(", ")}`);
}

function positive(flag: string, text: string): number {
  const number = Number(text);
  return Number.isInteger(number) && number > 0
    ? number
    : fail(`${flag} ${text}: a whole number above 0 is needed`);
}

function fail(message: string): never {
  throw new RangeError(message);
}
