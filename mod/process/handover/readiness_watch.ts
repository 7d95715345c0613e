/** Receives the readiness notifications of a worker, from NOTIFY_SOCKET or READY_FD. */
import { libc } from "../../sys/libc.ts";
import { AF, MSG, SOCK } from "../../sys/sockaddr.ts";
import { openPipe } from "../channel.ts";
import type { WatchedFile } from "../files/file_watch.ts";
import { pausableField } from "../signals/pausing.ts";
import { descriptorWatch } from "../descriptor_watch.ts";
import { notifyAddress } from "./readiness.ts";
import { readWatchField } from "./watch_field.ts";

/** A notification of a worker. */
export interface ReadinessNotice {
  /** `READY=1`, or a line on READY_FD. */
  readonly ready: boolean;
  /** It handles the signals to stop accepting and to accept again. */
  readonly pausable: boolean;
  /** What it has read; it may come before the readiness, or instead of it. */
  readonly files: readonly WatchedFile[];
  /** How it is, in its own words (`STATUS=` of sd_notify(3)); null: it does not say. */
  readonly status: string | null;
}

/** The longest that a child of ours sends, see `watchField`. */
const datagramBytesMax = 256 * 1024;

const statusField = "STATUS=";

/** Receives the notifications of one worker. */
export class ReadinessWatch {
  /** For NOTIFY_SOCKET: a name in the abstract namespace, which leaves no file. */
  readonly socketName: string;
  /** Descriptor for the worker's READY_FD. */
  readonly writeEnd: number;
  readonly #socket: number;
  readonly #readEnd: number;
  readonly #onNotice: (notice: ReadinessNotice) => void;
  #writeEndIsOpen = true;
  #isOpen = true;

  constructor(onNotice: (notice: ReadinessNotice) => void) {
    this.#onNotice = onNotice;
    this.socketName = `@hayate-${crypto.randomUUID()}`;
    this.#socket = libc.socket(AF.unix, SOCK.dgram | SOCK.cloexec | SOCK.nonblock, 0);
    const address = notifyAddress(this.socketName);
    if (this.#socket < 0 || libc.bind(this.#socket, address, address.length) !== 0) {
      throw new Error("Cannot listen for readiness: too many open files?");
    }
    const { readEnd, writeEnd } = openPipe();
    this.#readEnd = readEnd;
    this.writeEnd = writeEnd;
    descriptorWatch.watch(this.#socket, () => this.#readSocket());
    descriptorWatch.watch(readEnd, () => this.#readPipe());
  }

  /** Call it after the spawn, so that only the worker's copy is open. */
  closeWriteEnd(): void {
    if (this.#writeEndIsOpen) libc.close(this.writeEnd);
    this.#writeEndIsOpen = false;
  }

  /**
   * The status that a worker has sent right before its end, and that nobody has read yet; null: none.
   * A readiness counts no more.
   */
  lastStatus(): string | null {
    let last: string | null = null;
    for (let lines = this.#receive(); lines !== null; lines = this.#receive()) {
      last = statusIn(lines) ?? last;
    }
    return last;
  }

  /** Reads nothing more, and keeps for `lastStatus` what comes. */
  rest(): void {
    if (!this.#isOpen) return;
    this.closeWriteEnd();
    descriptorWatch.forget(this.#socket);
    if (this.#pipeIsOpen) this.#forget(this.#readEnd);
    this.#pipeIsOpen = false;
  }

  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.closeWriteEnd();
    this.#forget(this.#socket);
    if (this.#pipeIsOpen) this.#forget(this.#readEnd);
  }

  #pipeIsOpen = true;

  #forget(fd: number): void {
    descriptorWatch.forget(fd);
    libc.close(fd);
  }

  #readSocket(): void {
    const lines = this.#receive();
    if (lines === null) return;
    const ready = lines.includes("READY=1");
    const files = readWatchField(lines);
    const status = statusIn(lines);
    this.#onNotice({ ready, pausable: lines.includes(pausableField), files, status });
  }

  /** The lines of the next datagram; null: none has come. */
  #receive(): string[] | null {
    if (!this.#isOpen) return null;
    const bytes = new Uint8Array(datagramBytesMax);
    const count = libc.recv(this.#socket, bytes, bytes.length, MSG.dontwait);
    return count <= 0 ? null : new TextDecoder().decode(bytes.subarray(0, count)).split("\n");
  }

  #readPipe(): void {
    const bytes = new Uint8Array(256);
    const count = libc.read(this.#readEnd, bytes, bytes.length);
    if (count < 0) return;
    if (count > 0 && bytes.subarray(0, count).includes(0x0a)) {
      // A worker that uses both has sent the datagram first, which has more fields.
      this.#readSocket();
      if (this.#isOpen) this.#onNotice({ ready: true, pausable: false, files: [], status: null });
      return;
    }
    if (count > 0) return;
    // The worker has closed it without a line, or has exited.
    this.#forget(this.#readEnd);
    this.#pipeIsOpen = false;
  }
}

function statusIn(lines: readonly string[]): string | null {
  return lines.find((line) => line.startsWith(statusField))?.slice(statusField.length) ?? null;
}
