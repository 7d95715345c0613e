/** HUP: reads the configuration again and applies it, or logs why the running one is kept. */
import { StartError } from "../../base/errors.ts";
import type { Logger } from "../../log/mod.ts";
import { addSignalListener } from "../../process/signals/signals.ts";
import type { LoadedPlan } from "../plan/loaded_plan.ts";

/**
 * Receives HUP from construction on: a start may take seconds (names, checks), and without a
 * handler the signal would end the process. A HUP during the start is passed on at its end, because
 * the file may have changed.
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
  /** Reads and checks the configuration and resolves names to listen on. Throws `StartError`. */
  load(): Promise<LoadedPlan>;
  /** Applies a plan. Throws `StartError`; then the running plan must be unchanged. */
  apply(loaded: LoadedPlan): Promise<void>;
  /** Called at the end of each. `fault`: the first line on why it failed; null: it is in force. */
  onEnd?(why: string, fault: string | null): void;
}

export class Reloads {
  readonly #parts: ReloadParts;
  #isBusy = false;
  #why = "";
  #isWanted = false;
  #isStopped = false;

  constructor(parts: ReloadParts) {
    this.#parts = parts;
  }

  /**
   * Starts a reload. During a reload, queues one more: the file may have changed meanwhile. `why` is
   * logged.
   */
  request(why = "received HUP"): void {
    this.#isWanted = true;
    this.#why = why;
    if (!this.#isBusy) void this.#run();
  }

  /** Prevents further reloads. */
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
    const why = this.#why;
    logger.info(`${why}, reading the configuration again`);
    try {
      const loaded = await this.#parts.load();
      if (this.#isStopped) return;
      await this.#parts.apply(loaded);
      if (this.#isStopped) return;
      logger.info("the new configuration is in force");
      this.#parts.onEnd?.(why, null);
    } catch (error) {
      if (!(error instanceof StartError)) throw error;
      for (const line of error.message.split("\n")) logger.error(line);
      logger.error("the configuration is not used, the running one stays");
      this.#parts.onEnd?.(why, error.message.split("\n", 1)[0]);
    }
  }
}
