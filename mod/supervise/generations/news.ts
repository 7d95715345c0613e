/** Keeps the history of the generations, and shows it to our own modes. */
import type { LogEvent, State } from "../../lifecycle/core/state.ts";
import { GenerationBoard } from "../../process/handover/generation_board.ts";
import type { GenerationFailure } from "../../process/handover/generation_report.ts";
import { GenerationHistory } from "./history.ts";

export interface NewsParts {
  /** What the first generation is started for: `start`, `USR2`. */
  readonly why: string;
  /** The workers are our own modes, which show the history. */
  readonly isShown: boolean;
  /** The board that the program before this one has left; null: none. */
  readonly kept: number | null;
}

export class GenerationNews {
  readonly #history: GenerationHistory;
  readonly #board: GenerationBoard | null;

  constructor({ why, isShown, kept }: NewsParts) {
    this.#history = new GenerationHistory(Deno.pid, why, () => Date.now());
    if (kept !== null) this.#board = GenerationBoard.adopt(kept);
    else this.#board = isShown ? GenerationBoard.open() : null;
    const before = kept === null ? null : this.#board!.read();
    if (before !== null) this.#history.resume(before);
  }

  /** The descriptor for workers; null: they are told nothing. */
  get readEnd(): number | null {
    return this.#board?.readEnd ?? null;
  }

  /** The descriptor to keep over execve(2); null: there is none. */
  get kept(): number | null {
    return this.#board?.writeEnd ?? null;
  }

  get lastFailure(): GenerationFailure | null {
    return this.#history.lastFailure;
  }

  /** See `GenerationHistory`. */
  request(why: string): void {
    this.#history.request(why);
  }

  note(generation: number, text: string): void {
    this.#history.note(generation, text);
  }

  on(entry: LogEvent): void {
    this.#history.on(entry);
  }

  /** Shows what has changed. Call it after each step of the lifecycle. */
  tell(state: State): void {
    this.#board?.write(this.#history.report(state));
  }

  close(): void {
    this.#board?.close();
  }
}
