/** The running supervisor's side: offers its sockets to a new supervisor, and lets it have them. */
import { unixPathBytesMax } from "../../base/address.ts";
import { StartError } from "../../base/errors.ts";
import { version } from "../../base/version.ts";
import { bindInheritable } from "../../net/inheritable.ts";
import { inodeAt, removeSocketPath, socketInode } from "../../net/unix_path.ts";
import {
  DescriptorServer,
  type DescriptorStream,
} from "../../process/handover/descriptor_stream.ts";
import {
  draining,
  type Hello,
  type Identity,
  isServing,
  type Offer,
  protocolVersion,
  readHello,
  refusalOf,
} from "./protocol.ts";

/** The hello follows the connection at once. */
const helloMs = 1000;
const backlog = 8;

export interface OfferParts {
  readonly identity: Identity;
  /** The containers that this supervisor, or one before it, took over from. */
  readonly formerContainers: readonly string[];
  /** What it holds now. */
  offered(): {
    readonly sockets: Offer["sockets"];
    readonly descriptors: readonly number[];
    readonly ticketSeed: string | null;
    readonly selfSigned: string | null;
  };
  /** Why nobody can take over now; null: somebody may. */
  unready(): string | null;
  /** The new supervisor serves: drain and end. The sockets stay open there. */
  onTakenOver(): void;
  note(text: string): void;
}

export class OfferListener {
  #server: DescriptorServer | null = null;
  #inode: number | null = null;
  /** A new supervisor has our sockets, and does not serve yet. */
  #pending: DescriptorStream | null = null;
  #isTaken = false;

  /** Throws `StartError`. A file at `path` that is not a socket is left alone. */
  constructor(readonly path: string, readonly parts: OfferParts) {
    this.#bind();
  }

  /** Another process holds the sockets, too: their queues must not be shut. */
  get isShared(): boolean {
    return this.#pending !== null || this.#isTaken;
  }

  close(): void {
    removeSocketPath(this.path, this.#inode);
    this.#server?.close();
    // After a take-over the end of this process, pid file released, ends the stream.
    if (!this.#isTaken) this.#pending?.close();
  }

  #bind(): void {
    const beside = `${this.path}.${Deno.pid}`;
    if (new TextEncoder().encode(beside).length > unixPathBytesMax) {
      throw new StartError(
        `--take-over ${this.path}: too long for a socket path (at most ${
          unixPathBytesMax - `.${Deno.pid}`.length
        } bytes)`,
        36,
      );
    }
    removeSocketPath(beside, inodeAt(beside));
    const fd = bindInheritable({ kind: "unix", path: beside }, { backlog, mode: 0o600 });
    this.#inode = socketInode(beside);
    // In one step, so that the path always leads to somebody.
    Deno.renameSync(beside, this.path);
    this.#server = new DescriptorServer(fd, (stream) => this.#onStream(stream));
  }

  #onStream(stream: DescriptorStream): void {
    const { peerUid } = stream;
    const line = peerUid === Deno.uid() || peerUid === 0 ? stream.receive(helloMs) : null;
    const hello = line === null ? null : readHello(line.text);
    if (hello === null || !this.#answer(stream, hello)) stream.close();
  }

  /** False: it was refused. */
  #answer(stream: DescriptorStream, hello: Hello): boolean {
    const { identity, formerContainers } = this.parts;
    const refused = refusalOf(hello, identity, formerContainers) ??
      (this.#pending === null ? this.parts.unready() : "another take-over is under way");
    if (refused !== null) {
      stream.send({ refused });
      return false;
    }
    const { sockets, descriptors, ticketSeed, selfSigned } = this.parts.offered();
    const own = identity.container === null ? [] : [identity.container];
    const offer: Offer = {
      takeOver: protocolVersion,
      version,
      pid: Deno.pid,
      sockets,
      ticketSeed,
      selfSigned,
      formerContainers: [...formerContainers, ...own],
    };
    if (!stream.send(offer, descriptors)) return false;
    this.#pending = stream;
    stream.watch(() => this.#onWord(stream, hello));
    this.parts.note(`hayate ${hello.version} begins to take over`);
    return true;
  }

  #onWord(stream: DescriptorStream, hello: Hello): void {
    const line = stream.receive(helloMs);
    if (this.#isTaken) return stream.close();
    if (line !== null && isServing(line.text)) {
      this.#isTaken = true;
      stream.send(draining);
      this.#server?.close();
      this.parts.note(`hayate ${hello.version} has taken over`);
      return this.parts.onTakenOver();
    }
    stream.close();
    this.#pending = null;
    this.parts.note(`hayate ${hello.version} ended before it served; nothing has changed`);
    // It may have put its own socket in place already.
    if (inodeAt(this.path) === this.#inode) return;
    this.#server?.close();
    this.#bind();
  }
}
