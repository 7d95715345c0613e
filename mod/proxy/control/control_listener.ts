/** The control listener's socket: a unix path is taken over from the generation before without a gap. */
import type { Address } from "../../base/address.ts";
import type { AcceptHandler, Listener, Reactor } from "../../net/reactor.ts";

/** Only the user who runs hayate may change its upstreams. */
const socketMode = 0o600;

export interface ControlListener {
  close(): void;
}

/** Throws `StartError`. */
export function openControl(
  reactor: Reactor,
  address: Address,
  onAccept: AcceptHandler,
): ControlListener {
  if (address.kind === "tcp") return reactor.listen(address, { reusePort: true }, onAccept);
  // Bound beside the path and moved onto it: at every moment somebody answers there.
  const beside = { kind: "unix" as const, path: `${address.path}.${Deno.pid}` };
  const listener: Listener = reactor.listen(beside, { mode: socketMode }, onAccept);
  const { ino } = Deno.lstatSync(beside.path);
  Deno.renameSync(beside.path, address.path);
  return {
    close() {
      listener.close();
      removeIfOurs(address.path, ino);
    },
  };
}

/** The next generation's socket stays. */
function removeIfOurs(path: string, ino: number | null): void {
  try {
    if (Deno.lstatSync(path).ino === ino) Deno.removeSync(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}
