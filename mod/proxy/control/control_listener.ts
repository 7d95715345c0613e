/** The control listener's socket: a unix path is taken over from the generation before without a gap. */
import type { Address } from "../../base/address.ts";
import type { AcceptHandler, Listener, Reactor } from "../../net/reactor.ts";

/** Only the user who runs hayate may change its upstreams. */
const socketMode = 0o600;

/** Sockets of this process so far: Deno removes the path that a listener was bound to, however late. */
let boundCount = 0;

export interface ControlListener {
  /** Answers from now on; before it clients wait, or meet who answered there until now. */
  answer(): void;
  close(): void;
}

/** Throws `StartError`. */
export function openControl(
  reactor: Reactor,
  address: Address,
  onAccept: AcceptHandler,
): ControlListener {
  if (address.kind === "tcp") {
    const listener = reactor.listen(address, { reusePort: true, paused: true }, onAccept);
    return { answer: () => listener.resume(), close: () => listener.close() };
  }
  // Bound beside the path and moved onto it: at every moment somebody answers there.
  const beside = { kind: "unix" as const, path: `${address.path}.${Deno.pid}.${++boundCount}` };
  const listener: Listener = reactor.listen(beside, { mode: socketMode }, onAccept);
  const { ino } = Deno.lstatSync(beside.path);
  return {
    answer: () => Deno.renameSync(beside.path, address.path),
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
