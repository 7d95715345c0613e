/**
 * JSON lines with descriptors, over a unix socket between two processes of this program.
 *
 * A line is read in one go, waiting for it: both sides answer at once, and only a process of the same
 * user can connect. Afterwards `watch` reports the next line or the end without waiting.
 */
import { Errno } from "../../sys/errno.ts";
import { errno, libc } from "../../sys/libc.ts";
import { libcProcess } from "../../sys/libc_process.ts";
import { descriptorsMax, receiveWithDescriptors, sendWithDescriptors } from "../../sys/message.ts";
import { AF, encodeSockaddr, SOCK } from "../../sys/sockaddr.ts";
import { descriptorWatch } from "../descriptor_watch.ts";
import { peerUidOf } from "../../sys/peer_credentials.ts";
import { concat } from "../../std/bytes.ts";

/** One line and the descriptors that came with it, which are ours to close. */
export interface ReceivedLine {
  readonly text: string;
  readonly descriptors: readonly number[];
}

/** Longer lines, and lines with more descriptors, are not sent by this program. */
const lineBytesMax = 1 << 20;
const lineDescriptorsMax = 4096;
const pollIn = 1;

/** Connects to a `DescriptorServer` at `path`; a number is the errno of connect(2). */
export function connectDescriptorStream(path: string): DescriptorStream | number {
  const fd = libc.socket(AF.unix, SOCK.stream | SOCK.cloexec, 0);
  const address = encodeSockaddr({ kind: "unix", path });
  if (libc.connect(fd, address, address.length) === 0) return new DescriptorStream(fd);
  const code = errno();
  libc.close(fd);
  return code;
}

/** Accepts streams on a listening socket. */
export class DescriptorServer {
  readonly #fd: number;
  #isOpen = true;

  /** Takes `fd` over. */
  constructor(fd: number, onStream: (stream: DescriptorStream) => void) {
    this.#fd = fd;
    descriptorWatch.watch(fd, () => {
      const accepted = libc.accept4(this.#fd, null, null, SOCK.cloexec);
      if (accepted >= 0) onStream(new DescriptorStream(accepted));
    });
  }

  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    descriptorWatch.forget(this.#fd);
    libc.close(this.#fd);
  }
}

export class DescriptorStream {
  readonly #fd: number;
  #isOpen = true;
  #isWatched = false;
  /** Bytes after the last line. */
  #rest = new Uint8Array(0);

  /** Takes over a connected, blocking socket. */
  constructor(fd: number) {
    this.#fd = fd;
  }

  /** The user of the other side, as the kernel knows it; null: not a unix socket. */
  get peerUid(): number | null {
    return peerUidOf(this.#fd);
  }

  /** Sends a line; false: the other side has gone, or does not read. */
  send(message: unknown, descriptors: readonly number[] = []): boolean {
    const line = new TextEncoder().encode(`${JSON.stringify(message)}\n`);
    // Each batch of descriptors needs a byte of its own.
    const batches = Math.max(1, Math.ceil(descriptors.length / descriptorsMax));
    if (!this.#isOpen || line.length < batches) return false;
    for (let batch = 0; batch < batches; batch++) {
      const isLast = batch === batches - 1;
      const bytes = line.slice(batch, isLast ? undefined : batch + 1);
      const some = descriptors.slice(batch * descriptorsMax, (batch + 1) * descriptorsMax);
      if (!this.#sendAll(bytes, some)) return false;
    }
    return true;
  }

  #sendAll(bytes: Uint8Array<ArrayBuffer>, descriptors: readonly number[]): boolean {
    for (let at = 0, more = descriptors; at < bytes.length; more = []) {
      const sent = sendWithDescriptors(this.#fd, bytes.slice(at), more);
      if (sent === -Errno.EINTR) continue;
      if (sent <= 0) return false;
      at += sent;
    }
    return true;
  }

  /** Waits for a line; null: none came within `timeoutMs`, or the other side has gone. */
  receive(timeoutMs: number): ReceivedLine | null {
    const deadlineMs = performance.now() + timeoutMs;
    const descriptors: number[] = [];
    while (this.#isOpen) {
      const end = this.#rest.indexOf(0x0a);
      if (end >= 0) {
        const text = new TextDecoder().decode(this.#rest.subarray(0, end));
        this.#rest = this.#rest.slice(end + 1);
        return { text, descriptors };
      }
      const isTooLong = this.#rest.length > lineBytesMax || descriptors.length > lineDescriptorsMax;
      if (isTooLong || !this.#waitForInput(deadlineMs)) break;
      const bytes = new Uint8Array(65_536);
      const received = receiveWithDescriptors(this.#fd, bytes);
      descriptors.push(...received.descriptors);
      if (received.count <= 0) break;
      this.#append(bytes.subarray(0, received.count));
    }
    for (const fd of descriptors) libc.close(fd);
    return null;
  }

  /** Calls back when a line, or the end, can be received without waiting. */
  watch(onReadable: () => void): void {
    this.#isWatched = true;
    descriptorWatch.watch(this.#fd, onReadable);
  }

  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    if (this.#isWatched) descriptorWatch.forget(this.#fd);
    libc.close(this.#fd);
  }

  #append(bytes: Uint8Array): void {
    this.#rest = concat([this.#rest, bytes]);
  }

  #waitForInput(deadlineMs: number): boolean {
    const leftMs = Math.max(0, Math.ceil(deadlineMs - performance.now()));
    const entry = new Int32Array([this.#fd, pollIn]);
    return libcProcess.poll(new Uint8Array(entry.buffer), 1n, leftMs) > 0;
  }
}
