/** How modes read their argv: typed options, or an exception that only `main.ts` catches. */
import { exitCodes, StartError } from "../base/errors.ts";
import { type Environment, type ParsedOptions, parseOptions } from "./parse.ts";
import type { Table } from "./spec.ts";

/** Wrong usage. `main.ts` prints each of `errors` on its own line and exits with 2. */
export class UsageError extends StartError {
  constructor(readonly errors: readonly string[], exitCode: number = exitCodes.usage) {
    super(errors.join("; "), exitCode);
  }
}

/** The user asked for help or the version. Not a failure, but it too ends the command. */
export class InfoRequest extends Error {
  override readonly name = "InfoRequest";
  constructor(readonly about: "help" | "version", readonly table: Table) {
    super(`${table.command} --${about}`);
  }
}

/** Like `parseOptions`, but throws `UsageError` or `InfoRequest`. */
export function readOptions<T extends Table>(
  table: T,
  argv: readonly string[],
  environment?: Environment,
): ParsedOptions<T> {
  const outcome = parseOptions(table, argv, environment);
  if (outcome.kind === "options") return outcome;
  if (outcome.kind === "errors") throw new UsageError(outcome.errors);
  throw new InfoRequest(outcome.kind, table);
}
