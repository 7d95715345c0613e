/** Collects what is wrong with a start, so that one run of a check reports all of it. */
import { StartError } from "./errors.ts";

export class StartFaults {
  readonly #lines = new Set<string>();
  #exitCode = 0;

  /** Runs `step`; a `StartError` is kept, once for each message. Anything else is thrown on. */
  async check(step: () => void | Promise<void>): Promise<void> {
    try {
      await step();
    } catch (error) {
      if (!(error instanceof StartError)) throw error;
      if (this.#exitCode === 0) this.#exitCode = error.exitCode;
      for (const line of error.message.split("\n")) this.#lines.add(line);
    }
  }

  /** Throws one `StartError` with a line for each fault and the exit code of the first, if any. */
  report(): void {
    if (this.#lines.size > 0) throw new StartError([...this.#lines].join("\n"), this.#exitCode);
  }
}
