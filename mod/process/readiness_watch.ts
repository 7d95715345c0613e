/** The receiving side of readiness: what a worker tells by NOTIFY_SOCKET or READY_FD. */
import { libc } from "../sys/libc.ts";
import { AF, MSG, SOCK } from "../sys/sockaddr.ts";
import { openPipe } from "./channel.ts";
import { pausableField } from "./pausing.ts";
import { descriptorWatch } from "./descriptor_watch.ts";
import { notifyAddress } from "./readiness.ts";

/** What a worker has told. */
export interface Told {
  /** `READY=1`, or a line on READY_FD. */
  readonly ready: boolean;
  /** It understands the signals that make it accept no more connections, and accept again. */
  readonly pausable: boolean;
}

/** Listens for one worker. */
export class ReadinessWatch {
  /** For NOTIFY_SOCKET: a name in the abstract name space, so that nothing is left behind. */
  readonly socketName: string;
  /** To be passed to the worker as READY_FD. */
  readonly writeEnd: number;
  readonly #socket: number;
  readonly #readEnd: number;
  readonly #onTold: (told: Told) => void;
  #writeEndIsOpen = true;
  #isOpen = true;

  constructor(onTold: (told: Told) => void) {
    this.#onTold = onTold;
    this.socketName = `@hayate-${crypto.randomUUID()}`;
    this.#socket = libc.socket(AF.unix, SOCK.dgram | SOCK.cloexec | SOCK.nonblock, 0);
    const address = notifyAddress(this.socketName);
    if (this.#socket < 0 || libc.bind(this.#socket, address, address.length) !== 0) {
      throw new Error("Cannot listen for readiness: are there too many open files?");
    }
    const { readEnd, writeEnd } = openPipe();
    this.#readEnd = readEnd;
    this.writeEnd = writeEnd;
    descriptorWatch.watch(this.#socket, () => this.#readSocket());
    descriptorWatch.watch(readEnd, () => this.#readPipe());
  }

  /** Call it after the spawn: only the worker's copy is left open. */
  closeWriteEnd(): void {
    if (this.#writeEndIsOpen) libc.close(this.writeEnd);
    this.#writeEndIsOpen = false;
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
    const bytes = new Uint8Array(4096);
    const count = libc.recv(this.#socket, bytes, bytes.length, MSG.dontwait);
    if (count <= 0) return;
    const lines = new TextDecoder().decode(bytes.subarray(0, count)).split("\n");
    const ready = lines.includes("READY=1");
    this.#onTold({ ready, pausable: lines.includes(pausableField) });
  }

  #readPipe(): void {
    const bytes = new Uint8Array(256);
    const count = libc.read(this.#readEnd, bytes, bytes.length);
    if (count < 0) return;
    if (count > 0 && bytes.subarray(0, count).includes(0x0a)) {
      // Who tells by both ways has sent the datagram before, and that says more.
      this.#readSocket();
      if (this.#isOpen) this.#onTold({ ready: true, pausable: false });
      return;
    }
    if (count > 0) return;
    // The worker has closed it without a word, or has gone.
    this.#forget(this.#readEnd);
    this.#pipeIsOpen = false;
  }
}
