/** Flag tables: one description of a command -> typed options, help, completions, man page. */
export {
  defineTable,
  type Example,
  type ExitCode,
  type FlagSpec,
  keyOf,
  type OperandSpec,
  type OptionSpec,
  type Table,
  type Values,
  type ValueSpec,
  Wrong,
} from "./spec.ts";
export {
  type Environment,
  type ParsedOptions,
  parseOptions,
  type ParseOutcome,
  quoted,
} from "./parse.ts";
export { InfoRequest, readOptions, UsageError } from "./read.ts";
export {
  type Invocation,
  type Manual,
  manualOf,
  type Mode,
  type Subcommand,
  type Topic,
} from "./mode.ts";
export { formatDurationMs, readCount, readDurationMs, readSize } from "./values.ts";
export { renderHelp } from "./help.ts";
