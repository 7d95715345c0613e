import type { Table } from "./spec.ts";

/** A page of `hayate help MODE TOPIC`. */
export interface Topic {
  readonly name: string;
  /** One line for the list of topics. */
  readonly summary: string;
  /** Plain text, at most 80 columns. */
  readonly text: string;
}

/** How the program was started. */
export interface Invocation {
  /** Base name it was called by: `hayate`, or `start_server` through a link. */
  readonly calledAs: string;
}

/** A command below a mode: `hayate load plot`, `hayate supervise status`. */
export interface Subcommand {
  readonly name: string;
  readonly table: Table;
  /** Started by hayate itself: not in help, man page and completions. */
  readonly isHidden?: boolean;
  /** Runs with the argv after the subcommand's name. Resolves to the exit code. */
  run(argv: readonly string[], invocation: Invocation): Promise<number>;
}

/** What `mod/<mode>/mod.ts` exports as `<mode>Mode`. */
export interface Mode {
  readonly name: string;
  readonly summary: string;
  readonly table: Table;
  /** The pages of `hayate help MODE TOPIC`, loaded only when needed. */
  readonly topics?: () => Promise<readonly Topic[]>;
  /** Chosen when the first word is their name. */
  readonly subcommands?: readonly Subcommand[];
  /**
   * Runs with the argv after the mode's name. Resolves to the exit code; never calls `Deno.exit`.
   * Throws `StartError` for what the user can fix, `UsageError` for wrong usage, and `InfoRequest`
   * for `--help` and `--version`.
   */
  run(argv: readonly string[], invocation: Invocation): Promise<number>;
  /**
   * Called for an unhandled rejection or an uncaught error while the mode runs, for example in a
   * user's app. True: handled, keep running. Otherwise `main.ts` reports it in one line and exits.
   */
  onUnhandled?(error: unknown): boolean;
}

/** A mode with its topics loaded, as needed to render its texts. */
export interface Manual {
  readonly name: string;
  readonly summary: string;
  readonly table: Table;
  readonly subcommands: readonly Subcommand[];
  readonly topics: readonly Topic[];
}

/** Loads a mode's topics. */
export async function manualOf(mode: Mode): Promise<Manual> {
  const { name, summary, table } = mode;
  const subcommands = (mode.subcommands ?? []).filter(({ isHidden }) => !isHidden);
  return { name, summary, table, subcommands, topics: await mode.topics?.() ?? [] };
}
