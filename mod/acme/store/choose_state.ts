/** Where the state is kept: in the folder that was asked for, or in memory. */
import { StartError, systemReason } from "../../base/errors.ts";
import { stateInMemory } from "../core/settings.ts";
import { StateFolder } from "./state_folder.ts";

export interface ChosenState {
  readonly path: string;
  /** False: it would order again with every start, so that nothing may be ordered. */
  readonly mayOrder: boolean;
  /** Why the folder that was asked for is not used; null: it is. */
  readonly fault: string | null;
  /** Removes what was kept in memory. */
  dispose(): void;
}

/** `state`: a folder or `memory`. Throws `StartError` where nothing can be written at all. */
export function chooseState(state: string): ChosenState {
  if (state === stateInMemory) return { ...inMemory(), mayOrder: true, fault: null };
  const reason = new StateFolder(state).prepare();
  if (reason === null) return { path: state, mayOrder: true, fault: null, dispose: () => {} };
  const fault =
    `acme: cannot write ${state}: ${reason}; no certificate is ordered, as every start ` +
    "would order again";
  return { ...inMemory(), mayOrder: false, fault };
}

function inMemory(): Pick<ChosenState, "path" | "dispose"> {
  const path = makeFolder();
  const reason = new StateFolder(path).prepare();
  if (reason !== null) throw new StartError(`acme: cannot write ${path}: ${reason}`);
  return { path, dispose: () => Deno.removeSync(path, { recursive: true }) };
}

/** On a file system in memory, where the host has one. */
function makeFolder(): string {
  const prefix = "hayate-acme-";
  let error: unknown;
  for (const options of [{ dir: "/dev/shm", prefix }, { prefix }]) {
    try {
      return Deno.makeTempDirSync(options);
    } catch (failure) {
      error = failure;
    }
  }
  throw new StartError(`acme: no place for certificates: ${systemReason(error)}`);
}
