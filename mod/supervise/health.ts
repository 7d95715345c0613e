/** What the supervisor says of its health, and the listener of `--health`. */
import type { Address } from "../base/address.ts";
import { type State, unreadiness } from "../lifecycle/core/state.ts";
import type { HealthAnswer } from "../probes/container_channel.ts";

/** For `hayate health`. */
export function healthOf(state: State): HealthAnswer {
  const reason = unreadiness(state);
  if (reason !== null) return { ready: false, text: reason };
  const generations = state.slots.map(({ current, previous }) =>
    (current ?? previous)?.generation ?? 0
  );
  return { ready: true, text: `generation ${Math.max(...generations)} serves` };
}

/** Closes the listener. */
export type CloseHealth = () => void;

/** Opens the listener. The reactor is loaded only here: without it the supervisor is smaller. */
export async function openHealthListener(
  address: Address,
  state: () => State,
): Promise<CloseHealth> {
  const { createReactor } = await import("../net/mod.ts");
  const { openHealth } = await import("../probes/health_listener.ts");
  const reactor = await createReactor();
  const listener = openHealth(reactor, address, { unready: () => unreadiness(state()) });
  void reactor.run();
  return () => {
    listener.close();
    reactor.stop();
  };
}
