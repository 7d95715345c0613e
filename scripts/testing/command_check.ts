/** A check by one command: passes when it exits with 0; otherwise its output is the report. */
import { emptyOutcome, type Outcome } from "./outcome.ts";

/** Runs `program`; counts as one test. */
export async function commandCheck(
  name: string,
  program: string,
  args: readonly string[],
  cwd: string,
): Promise<Outcome> {
  const { success, stdout, stderr } = await new Deno.Command(program, {
    args: [...args],
    cwd,
    env: { NO_COLOR: "1" },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).output();
  const outcome = emptyOutcome();
  if (success) {
    outcome.passed++;
    return outcome;
  }
  outcome.failed++;
  const decoder = new TextDecoder();
  const output = decoder.decode(stdout) + withoutBacktrace(decoder.decode(stderr));
  outcome.reports.push(`${name}\n${output.trim()}`);
  return outcome;
}

/** Removes the internal backtrace that Deno prints after a failed run. */
export function withoutBacktrace(stderr: string): string {
  return stderr.replace(/(?:error: Test failed\n+)?Stack backtrace:\n[^]*$/, "");
}

/** A check with a list of findings: passes when it is empty. Counts as one test. */
export function findingsCheck(name: string, findings: readonly string[]): Outcome {
  const outcome = emptyOutcome();
  if (findings.length === 0) outcome.passed++;
  else {
    outcome.failed++;
    outcome.reports.push(
      `${name}: expected no finding, found ${findings.length}\n${findings.join("\n")}`,
    );
  }
  return outcome;
}
