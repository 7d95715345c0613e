/** The control listener's socket: a unix path is taken over from the generation before without a gap. */
import type { Address } from "../../base/address.ts";
import { StartError, systemReason } from "../../base/errors.ts";
import type { AcceptHandler, Listener, Reactor } from "../../net/reactor.ts";
import { removeSocketPath, socketInode } from "../../net/unix_path.ts";

/** Only the user who runs hayate may change its upstreams. */
const socketMode = 0o600;

/** Sockets of this process so far: Deno removes the path that a listener was bound to, however late. */
let boundCount = 0;

export interface ControlListener {
  /** There is a socket of somebody else at the path: an earlier generation answers there. */
  readonly isTaken: boolean;
  /** Answers from now on; before it clients wait, or meet who answered there until now. */
  answer(): void;
  /** May be called again. */
  close(): void;
}

/** Throws `StartError`. */
export function openControl(
  reactor: Reactor,
  address: Address,
  onAccept: AcceptHandler,
): ControlListener {
  if (address.kind === "unix") return new UnixControl(reactor, address.path, onAccept);
  const listener = reactor.listen(address, { reusePort: true, paused: true }, onAccept);
  return { isTaken: false, answer: () => listener.resume(), close: () => listener.close() };
}

/** Bound beside the path and moved onto it: at every moment somebody answers there. */
class UnixControl implements ControlListener {
  readonly isTaken: boolean;
  readonly #path: string;
  readonly #beside: string;
  readonly #listener: Listener;
  readonly #inode: number | null;
  #isAnswering = false;
  #isClosed = false;

  constructor(reactor: Reactor, path: string, onAccept: AcceptHandler) {
    this.isTaken = isSocketAt(path);
    this.#path = path;
    this.#beside = `${path}.${Deno.pid}.${++boundCount}`;
    const beside = { kind: "unix" as const, path: this.#beside };
    this.#listener = reactor.listen(beside, { mode: socketMode }, onAccept);
    this.#inode = socketInode(this.#beside);
  }

  answer(): void {
    if (this.#isAnswering || this.#isClosed) return;
    this.#isAnswering = true;
    Deno.renameSync(this.#beside, this.#path);
  }

  /**
   * The next generation's socket stays. The file goes before the socket does: once that is closed,
   * a new file may get the same inode number, and would be taken for ours.
   */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    removeSocketPath(this.#isAnswering ? this.#path : this.#beside, this.#inode);
    this.#listener.close();
  }
}

/** Throws `StartError` for a file of another kind: we never replace what we did not make. */
function isSocketAt(path: string): boolean {
  try {
    if (Deno.lstatSync(path).isSocket) return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw new StartError(`${path}: ${systemReason(error)}`);
  }
  throw new StartError(`${path}: is not a socket; it is left alone`);
}
