/**
 * TLS of the kernel for what a socket sends (Documentation/networking/tls.rst): send(2) and sendfile(2)
 * take plaintext. What the socket receives stays as it is.
 */
import { Errno } from "../../sys/errno.ts";
import { errno } from "../../sys/libc.ts";
import { libcSocket } from "../../sys/libc_socket.ts";
import { sendTlsRecord } from "../../sys/message.ts";
import { AF, SO, SOCK, SOL, TCP, TLS } from "../../sys/sockaddr.ts";
import type { KernelTls } from "../reactor.ts";
import { readSendQueue } from "./stream.ts";

const name = new TextEncoder().encode("tls");
const integer = new Int32Array(1);
const integerBytes = new Uint8Array(integer.buffer);

/**
 * The most that the kernel holds encrypted beside TCP's queue, 33 KB, with what TCP adds to it: a record
 * that TCP has taken in part and the one after it.
 */
const heldBytesMax = 65_536;
/** What SO_SNDBUF can ask for as net.core.wmem_max is by default; the kernel doubles it. */
const askedBytesMax = 212_992;

/** What `SocketHost.offersKernelTls` tells. */
export function offersKernelTls(): boolean {
  const fd = libcSocket.socket(AF.inet, SOCK.stream | SOCK.cloexec, 0);
  if (fd < 0) return false;
  // A socket without a connection cannot have it (ENOTCONN), which shows that the kernel could. As root
  // the attempt also loads the module.
  const isOffered = libcSocket.setsockopt(fd, SOL.tcp, TCP.ulp, name, name.length) < 0 &&
    errno() === Errno.ENOTCONN;
  libcSocket.close(fd);
  return isOffered;
}

/** The part of a socket that this needs. */
export interface KernelTlsOwner {
  readonly fd: number;
  /** The kernel holds nothing back any more (MSG_MORE). */
  endHoldingBack(): void;
  /** Calls `onDrain` of the handler when the socket is writable. */
  awaitDrain(): void;
  /** Calls `onClose` of the handler soon. */
  deferFailure(errnoNumber: number): void;
}

export class SocketKernelTls implements KernelTls {
  readonly #owner: KernelTlsOwner;

  constructor(owner: KernelTlsOwner) {
    this.#owner = owner;
  }

  start(keys: Uint8Array<ArrayBuffer>): boolean {
    const { fd } = this.#owner;
    // Until keys are set, the socket works as before.
    return libcSocket.setsockopt(fd, SOL.tcp, TCP.ulp, name, name.length) === 0 &&
      this.renew(keys);
  }

  renew(keys: Uint8Array<ArrayBuffer>): boolean {
    return libcSocket.setsockopt(this.#owner.fd, SOL.tls, TLS.tx, keys, keys.length) === 0;
  }

  canRenew(keys: Uint8Array<ArrayBuffer>): boolean {
    // Another version is refused in any case: by a kernel that allows new keys with EINVAL, by others
    // with EBUSY.
    const impossible = keys.slice();
    impossible[0] ^= 1;
    return !this.renew(impossible) && errno() === Errno.EINVAL;
  }

  sendRecord(type: number, bytes: Uint8Array<ArrayBuffer>): boolean {
    const sent = sendTlsRecord(this.#owner.fd, type, bytes);
    if (sent >= 0) this.#owner.endHoldingBack();
    else if (sent === -Errno.EAGAIN || sent === -Errno.EINTR) this.#owner.awaitDrain();
    else this.#owner.deferFailure(-sent);
    return sent >= 0;
  }

  makeRoom(): boolean {
    const { fd } = this.#owner;
    const { queuedBytes, bytesMax } = readSendQueue(fd);
    if (bytesMax - queuedBytes >= heldBytesMax) return true;
    const wanted = Math.ceil((queuedBytes + heldBytesMax) / 2);
    if (wanted <= askedBytesMax) {
      integer[0] = wanted;
      libcSocket.setsockopt(fd, SOL.socket, SO.sndbuf, integerBytes, 4);
      const now = readSendQueue(fd);
      if (now.bytesMax - now.queuedBytes >= heldBytesMax) return true;
    }
    this.#owner.awaitDrain();
    return false;
  }
}
