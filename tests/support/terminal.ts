/** Runs the built program on a pseudo-terminal, step by step. */
import { assertEquals } from "@std/assert";
import { binaryPath, root, runProgram } from "./binary.ts";
import { peerPath } from "./peers.ts";

/** What is done once `wait`, a Python pattern, has appeared in what the program writes. */
export interface TerminalStep {
  readonly wait: string;
  /** The program has been stopped (SIGSTOP), too. */
  readonly isStopped?: boolean;
  readonly send?: string;
  readonly resize?: readonly [columns: number, rows: number];
  readonly signal?: string;
}

export interface TerminalRun {
  /** All that was written, escape codes included. */
  readonly text: string;
  readonly code: number;
  /** The terminal's modes are those from before. */
  readonly isRestored: boolean;
}

export interface TerminalOptions {
  readonly columns?: number;
  readonly rows?: number;
  readonly env?: Readonly<Record<string, string>>;
}

/** Fails when a step's pattern never comes. Needs python3. */
export async function runOnTerminal(
  args: readonly string[],
  steps: readonly TerminalStep[],
  { columns = 80, rows = 24, env = {} }: TerminalOptions = {},
): Promise<TerminalRun> {
  const plan = {
    argv: [binaryPath, ...args],
    env: { TERM: "xterm", LC_ALL: "C.UTF-8", NO_COLOR: "", ...env },
    columns,
    rows,
    steps,
    timeoutSeconds: 45,
  };
  const script = `${root}/tests/support/terminal.py`;
  const { stdout, stderr } = await runProgram(peerPath("python3"), [script, JSON.stringify(plan)]);
  assertEquals(stderr, "");
  const { fault, ...run } = JSON.parse(stdout);
  if (fault !== null) throw new Error(`${fault}: ${JSON.stringify(run.text)}`);
  return run;
}

/** The screens that were drawn, one after another, as lines without colours. */
export function framesOf(text: string): string[][] {
  return text.split("\x1b[H").slice(1).map((frame) =>
    frame.split("\x1b[J")[0].replaceAll("\x1b[K", "").replace(/\x1b\[\d*m/g, "").split(/\r+\n/)
  );
}
