/** HUP: reads the configuration again, and puts it in force or says why the running one stays. */
import { StartError } from "../base/errors.ts";
import type { Logger } from "../log/mod.ts";
import { addSignalListener } from "../process/signals.ts";
import type { LoadedPlan } from "./config_file.ts";

/**
 * Hears HUP from the moment it is made: during a start, which may take seconds (names, checks), the
 * signal would end the process. Whoever came too early is passed on later; the file may have changed.
 */
export class Hangups {
  #wasHeard = false;
  #listener: () => void = () => this.#wasHeard = true;

  constructor() {
    addSignalListener("HUP", () => this.#listener());
  }

  passTo(listener: () => void): void {
    this.#listener = listener;
    if (this.#wasHeard) listener();
  }
}

export interface ReloadParts {
  readonly logger: Logger;
  /** Reads and checks the configuration; no name is left in the plan. Throws `StartError`. */
  load(): Promise<LoadedPlan>;
  /** Puts a plan in force. Throws `StartError`; then the running one must be as it was. */
  apply(loaded: LoadedPlan): Promise<void>;
}

export class Reloads {
  readonly #parts: ReloadParts;
  #isBusy = false;
  #isWanted = false;
  #isStopped = false;

  constructor(parts: ReloadParts) {
    this.#parts = parts;
  }

  /** Asks for a reload. One that is asked for during another follows it: the file may have changed. */
  request(): void {
    this.#isWanted = true;
    if (!this.#isBusy) void this.#run();
  }

  /** No reload from now on. */
  stop(): void {
    this.#isStopped = true;
  }

  async #run(): Promise<void> {
    this.#isBusy = true;
    while (this.#isWanted && !this.#isStopped) {
      this.#isWanted = false;
      await this.#once();
    }
    this.#isBusy = false;
  }

  async #once(): Promise<void> {
    const { logger } = this.#parts;
    logger.info("received HUP, reading the configuration again");
    try {
      const loaded = await this.#parts.load();
      if (this.#isStopped) return;
      await this.#parts.apply(loaded);
      if (!this.#isStopped) logger.info("the new configuration is in force");
    } catch (error) {
      if (!(error instanceof StartError)) throw error;
      for (const line of error.message.split("\n")) logger.error(line);
      logger.error("the configuration is not used, the running one stays");
    }
  }
}
