/** `--log-format` and `--log-to`, or their variables. */
import { exitCodes, StartError } from "../base/errors.ts";
import { logChoice, logVariables } from "../base/log_choice.ts";
import { libc } from "../sys/libc.ts";
import { getVariable, setVariable } from "./environment.ts";

const formats = ["text", "json"] as const;
const streams = ["stdout", "stderr"] as const;

/** What the flags say; null: the variable decides, else text on standard error. */
export interface LogFlags {
  readonly format: typeof formats[number] | null;
  readonly stream: typeof streams[number] | null;
}

/**
 * From now on lines of this process are written so, and those of its children, which get the variables. Throws
 * `StartError` for a variable that says something else.
 */
export function chooseLog(flags: LogFlags = { format: null, stream: null }): void {
  const format = flags.format ?? readVariable(logVariables.format, formats);
  const stream = flags.stream ?? readVariable(logVariables.stream, streams);
  if (format !== null) {
    logChoice.json = format === "json";
    setVariable(logVariables.format, format);
  }
  if (stream === null) return;
  setVariable(logVariables.stream, stream);
  if (stream === logChoice.stream) return;
  logChoice.stream = stream;
  // Children and whatever else writes to standard error: a program that is not ours, a crash report.
  if (stream === "stdout") libc.dup2(1, 2);
}

function readVariable<T extends string>(name: string, allowed: readonly T[]): T | null {
  const value = getVariable(name);
  if (value === undefined || value === "") return null;
  const found = allowed.find((one) => one === value);
  if (found !== undefined) return found;
  throw new StartError(`${name}=${value}: allowed are ${allowed.join(", ")}`, exitCodes.usage);
}
