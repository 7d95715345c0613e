/** Where the state is kept: in the folder that was asked for, or in memory. */
import { systemReason } from "../../base/errors.ts";
import { stateInMemory } from "../core/settings.ts";
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
    const { reason, ...memory } = inMemory();
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
  const { path, dispose } = inMemory();
  return { path, fault, dispose };
}

/** A new folder, on a file system in memory where the host has one; or why there is none. */
function inMemory(): Pick<ChosenState, "path" | "dispose"> & { readonly reason: string | null } {
  const prefix = "hayate-acme-";
  let reason = "";
  for (const options of [{ dir: "/dev/shm", prefix }, { prefix }]) {
    const path = makeFolder(options);
    if (path instanceof Error) {
      reason = systemReason(path);
      continue;
    }
    const dispose = () => Deno.removeSync(path, { recursive: true });
    const fault = new StateFolder(path).prepare();
    if (fault === null) return { path, reason: null, dispose };
    reason = fault;
    dispose();
  }
  return { path: null, reason, dispose: () => {} };
}

function makeFolder(options: Deno.MakeTempOptions): string | Error {
  try {
    return Deno.makeTempDirSync(options);
  } catch (error) {
    return error as Error;
  }
}
