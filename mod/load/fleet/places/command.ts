/** Programs that are run to their end, for what they print. */
import { PipedChild } from "../../../process/children/piped_child.ts";

export interface CommandResult {
  readonly code: number;
  readonly stdout: string;
  /** Its lines on stderr that are not blank. */
  readonly errors: readonly string[];
  /** Its last line that is not blank, or why it did not start. */
  readonly reason: string;
}

/** Runs `command` with `input` on its standard input. `signal` ends it early, with TERM. */
export async function runCommand(
  command: readonly string[],
  input = "",
  signal: AbortSignal | null = null,
): Promise<CommandResult> {
  const texts = { stdout: "", stderr: "" };
  const decoders = { stdout: new TextDecoder(), stderr: new TextDecoder() };
  const take = (name: "stdout" | "stderr") => (bytes: Uint8Array) => {
    texts[name] += decoders[name].decode(bytes, { stream: true });
  };
  return await new Promise<CommandResult>((resolve) => {
    const child = PipedChild.start(command, {
      onOutput: take("stdout"),
      onErrors: take("stderr"),
      onExit: (code) => {
        const errors = texts.stderr.split("\n").filter((line) => line.trim() !== "");
        const reason = errors.at(-1) ?? `exit code ${code}`;
        resolve({ code, stdout: texts.stdout, errors, reason });
      },
    });
    if (typeof child === "string") {
      return resolve({ code: 127, stdout: "", errors: [], reason: child });
    }
    signal?.addEventListener("abort", () => child.kill("TERM"));
    void child.write(new TextEncoder().encode(input));
    child.closeInput();
  });
}
