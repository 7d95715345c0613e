/** `hayate load join --relay`: a task of a Swarm's service. */
import { exitCodes } from "../../../base/errors.ts";
import { addSignalListener } from "../../../process/signals/signals.ts";
import { dialRelay } from "./dial_relay.ts";
import { join } from "./join.ts";

/** Resolves to the exit code. Throws `StartError` when the relay cannot be reached. */
export async function joinThroughRelay(file: string): Promise<number> {
  // The first process of a container is ended by no signal that it does not listen to.
  const removed = new Promise<void>((resolve) => addSignalListener("TERM", resolve));
  return await Promise.race([removed.then(() => exitCodes.ok), joinOnce(file)]);
}

async function joinOnce(file: string): Promise<number> {
  const dialed = await dialRelay(file);
  const code = await join(dialed.channel);
  await dialed.close();
  return code;
}
