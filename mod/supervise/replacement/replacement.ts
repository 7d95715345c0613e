/** USR2, from the signal to the new program: it waits until no worker is starting. */
import type { State } from "../../lifecycle/core/state.ts";
import { programPath } from "../../process/executable.ts";
import { delay } from "../../std/async.ts";
import { checkProgram, replaceProgram, warmUp } from "./replace.ts";
import type { ReplacementState } from "./state.ts";

export interface ReplacementParts {
  state(): State;
  /** Why the program must not be replaced now; null: it may. */
  refusal(): string | null;
  /** Collects the state; called right before the program is executed. */
  keep(): ReplacementState;
  /** Descriptors that workers inherit. */
  readonly passedThrough: readonly number[];
  /** The program could not be executed. */
  onFailure(): void;
  note(text: string): void;
}

export class Replacement {
  readonly #parts: ReplacementParts;
  #phase: "idle" | "waiting" | "checking" = "idle";

  constructor(parts: ReplacementParts) {
    this.#parts = parts;
  }

  /** USR2. While one is under way another changes nothing. */
  request(): void {
    if (this.#phase !== "idle") return;
    this.#phase = "waiting";
    this.#parts.note(`received USR2, replacing this program by ${programPath()}`);
    this.settle();
  }

  /** Call it after each step of the workers' lifecycle. */
  settle(): void {
    if (this.#phase !== "waiting" || isStarting(this.#parts.state())) return;
    this.#phase = "checking";
    void this.#replace();
  }

  /** Returns only if the program is not replaced: then nothing has changed. */
  async #replace(): Promise<void> {
    const parts = this.#parts;
    warmUp();
    const fault = parts.refusal() ?? await checkProgram();
    // Signals that have arrived are handled first: what this program has not seen ends with it.
    await delay(0);
    // A worker may have been started meanwhile: it would be lost from sight.
    if (fault === null && isStarting(parts.state())) {
      this.#phase = "waiting";
      return;
    }
    const why = fault ?? parts.refusal() ?? this.#execute();
    this.#phase = "idle";
    parts.note(`the program is not replaced: ${why}`);
  }

  #execute(): string {
    const reason = replaceProgram(this.#parts.keep(), this.#parts.passedThrough);
    this.#parts.onFailure();
    return reason;
  }
}

function isStarting({ phase, slots, restart }: State): boolean {
  return phase === "running" &&
    (restart !== null || slots.some(({ candidate }) => candidate !== null));
}
