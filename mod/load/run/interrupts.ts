/** Ctrl-C and TERM while several runs follow one another: the first ends them, the second exits. */
import { exitCodes } from "../../base/errors.ts";
import { addSignalListener } from "../../process/signals/signals.ts";
import type { Run } from "./load_run.ts";

/** 128 + SIGTERM. */
const terminatedCode = 143;

export class Interrupts {
  /** Exit code of the first signal; 0: there was none. */
  code = 0;
  /** What a signal ends; null: nothing runs. */
  current: Run | null = null;
  #leave: () => void = () => {};

  /** The exit code of `act`, or of a signal that ends it. */
  async watch(act: () => Promise<number>): Promise<number> {
    const left = new Promise<number>((resolve) => {
      this.#leave = () => resolve(this.code);
    });
    const removers = [
      addSignalListener("INT", () => this.#onSignal(exitCodes.interrupted)),
      addSignalListener("TERM", () => this.#onSignal(terminatedCode)),
    ];
    try {
      return await Promise.race([act(), left]);
    } finally {
      for (const remove of removers) remove();
    }
  }

  #onSignal(code: number): void {
    if (this.code !== 0) return this.#leave();
    this.code = code;
    if (this.current === null) this.#leave();
    else this.current.interrupt(code);
  }
}
