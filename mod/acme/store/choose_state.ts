/** Where the state is kept: in the folder that was asked for, or in memory. */
import { stateInMemory } from "../core/settings.ts";
import { openMemoryFolder } from "./memory_folder.ts";
import { StateFolder } from "./state_folder.ts";

export interface ChosenState {
  /** The folder; null: nothing can be written at all. */
  readonly path: string | null;
  /**
   * Why nothing is ordered; null: it is. A folder in memory that was not asked for would order again
   * with every start.
   */
  readonly fault: string | null;
  /** Removes what was kept in memory. */
  dispose(): void;
}

/** `state`: a folder or `memory`. */
export function chooseState(state: string): ChosenState {
  if (state === stateInMemory) {
    const { reason, ...memory } = openMemoryFolder();
    const fault = reason === null
      ? null
      : `acme: no folder in memory can be written: ${reason}; no certificate is ordered`;
    return { ...memory, fault };
  }
  const reason = new StateFolder(state).prepare();
  if (reason === null) return { path: state, fault: null, dispose: () => {} };
  const fault =
    `acme: cannot write ${state}: ${reason}; no certificate is ordered, as every start ` +
    "would order again";
  const { path, dispose } = openMemoryFolder();
  return { path, fault, dispose };
}
