/** The socket of a private listener; a unix path changes over between generations without a gap. */
import type { Address } from "../../base/address.ts";
import { StartError, systemReason } from "../../base/errors.ts";
import type { AcceptHandler, Listener, Reactor } from "../../net/reactor.ts";
import { parentBinder } from "../../net/parent_binder.ts";
import { removeSocketPath, socketInode } from "../../net/unix_path.ts";

/** Only the user that runs hayate may connect: to change upstreams, to see requests. */
const socketMode = 0o600;

/** Makes each bound path unique: Deno removes a listener's original path on close, however late. */
let boundCount = 0;

export interface PrivateListener {
  /** Another socket exists at the path: an earlier generation answers there. */
  readonly isTaken: boolean;
  /** Starts answering; until then clients wait, or reach the previous owner of the path. */
  answer(): void;
  /** Idempotent. */
  close(): void;
}

/** Throws `StartError`. */
export function openPrivate(
  reactor: Reactor,
  address: Address,
  onAccept: AcceptHandler,
): PrivateListener {
  if (address.kind === "unix") return new UnixPrivate(reactor, address.path, onAccept);
  const listener = reactor.listen(address, { reusePort: true, paused: true }, onAccept);
  return { isTaken: false, answer: () => listener.resume(), close: () => listener.close() };
}

/** Bound to a neighbouring path and renamed over the real one, so that the path always answers. */
class UnixPrivate implements PrivateListener {
  readonly isTaken: boolean;
  readonly #path: string;
  readonly #suffix: string;
  readonly #beside: string;
  readonly #listener: Listener;
  readonly #inode: number | null;
  #isAnswering = false;
  #isClosed = false;

  constructor(reactor: Reactor, path: string, onAccept: AcceptHandler) {
    this.isTaken = isSocketAt(path);
    this.#path = path;
    this.#suffix = `${Deno.pid}.${++boundCount}`;
    this.#beside = `${path}.${this.#suffix}`;
    const beside = { kind: "unix" as const, path: this.#beside };
    this.#listener = reactor.listen(beside, { mode: socketMode }, onAccept);
    this.#inode = socketInode(this.#beside);
  }

  answer(): void {
    if (this.#isAnswering || this.#isClosed) return;
    this.#isAnswering = true;
    try {
      Deno.renameSync(this.#beside, this.#path);
    } catch (error) {
      if (!(error instanceof Deno.errors.PermissionDenied)) throw error;
      if (parentBinder()?.rename(this.#path, this.#suffix) !== true) throw error;
    }
  }

  /**
   * Keeps the next generation's socket. Removes the file before closing the socket: after the close
   * a new file may get the same inode number and would be mistaken for ours.
   */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    removeSocketPath(this.#isAnswering ? this.#path : this.#beside, this.#inode);
    this.#listener.close();
  }
}

/** Throws `StartError` for a file that is not a socket: such a file is never replaced. */
function isSocketAt(path: string): boolean {
  try {
    if (Deno.lstatSync(path).isSocket) return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    // The parent that binds it looks at what is there.
    if (error instanceof Deno.errors.PermissionDenied && parentBinder() !== null) return true;
    throw new StartError(`${path}: ${systemReason(error)}`);
  }
  throw new StartError(`${path}: is not a socket; it is not replaced`);
}
