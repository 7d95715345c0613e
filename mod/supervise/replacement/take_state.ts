/** What the program before this one, with the same pid, has left (USR2). */
import { closeAll } from "../../net/descriptor.ts";
import { dropVariable, getVariable } from "../../process/environment.ts";
import { keepFromChildren } from "../../process/handover/inherited.ts";
import type { ListenSpec } from "../../config/listen_spec.ts";
import { socketKey } from "../sockets/socket_key.ts";
import { replacementFault, stateVariable } from "./replace.ts";
import { descriptorsOf, type KeptSocket, readState, type ReplacementState } from "./state.ts";

export class TakenState {
  readonly #unclaimed: Map<string, KeptSocket>;

  constructor(readonly state: ReplacementState) {
    this.#unclaimed = new Map(state.sockets.map((socket) => [socketKey(socket), socket]));
  }

  /** The descriptors of `spec`; null: the program before had none. */
  claim(spec: ListenSpec, count: number): { fds: readonly number[]; madeByUs: boolean } | null {
    const found = this.#unclaimed.get(socketKey(spec));
    if (found === undefined) return null;
    this.#unclaimed.delete(socketKey(spec));
    closeAll(found.fds.slice(count));
    return { fds: found.fds.slice(0, count), madeByUs: found.isOurs };
  }

  /** Closes the sockets that nobody has claimed. */
  closeRest(): void {
    for (const { fds } of this.#unclaimed.values()) closeAll(fds);
    this.#unclaimed.clear();
  }
}

/** Call it before `sealInherited`. null: this is an ordinary start. Throws `StartError`. */
export function takeState(): TakenState | null {
  const text = getVariable(stateVariable);
  if (text === undefined) return null;
  dropVariable(stateVariable);
  const fd = Number(text);
  let json: string;
  try {
    json = Deno.readTextFileSync(`/proc/self/fd/${fd}`);
  } catch (error) {
    throw replacementFault(error instanceof Error ? error.message : String(error));
  }
  closeAll([fd]);
  const state = readState(json);
  if (typeof state === "string") throw replacementFault(state);
  for (const kept of descriptorsOf(state)) keepFromChildren(kept);
  return new TakenState(state);
}
