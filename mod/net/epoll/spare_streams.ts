/** Reuses sockets of ended connections for new ones. */
import { libcSocket } from "../../sys/libc_socket.ts";
import { AF } from "../../sys/sockaddr.ts";
import { isAllAcknowledged, takeSocketError } from "./stream.ts";

/** Most sockets kept per address family; others are closed, to save descriptors. */
const sparesMax = 64;
/** struct sockaddr of family AF_UNSPEC: connect(2) with it dissolves the association. */
const unspecified = new Uint8Array(16);

/**
 * On loopback the last acknowledgement of a connection arrives before shutdown(2) returns, and the
 * socket can be used for the next connection. This saves socket(2), its options, its registration
 * with epoll and most of close(2): a fifth of the kernel's work for a connection with one request.
 * The peer sees the same packets.
 */
export class SpareStreams {
  readonly #v4: number[] = [];
  readonly #v6: number[] = [];

  /** A socket for `sockaddr` that is already in the epoll set; -1 if there is none. */
  take(sockaddr: Uint8Array): number {
    return this.#of(sockaddr[0]).pop() ?? -1;
  }

  /**
   * Ends a connection whose peer has sent its FIN, and keeps the socket. False: it is shut down but
   * not kept, because data is still in flight or there are enough sockets.
   */
  keepEnded(fd: number, addressFamily: number): boolean {
    libcSocket.shutdown(fd, 1);
    const spares = this.#of(addressFamily);
    return spares.length < sparesMax && isAllAcknowledged(fd) && this.#keep(fd, spares);
  }

  /** The same by a reset, even with data in flight. False: nothing was done. */
  keepReset(fd: number, addressFamily: number): boolean {
    const spares = this.#of(addressFamily);
    if (spares.length >= sparesMax || !this.#keep(fd, spares)) return false;
    // Clear the pending error of the reset, or the next connection would get it.
    takeSocketError(fd);
    return true;
  }

  #keep(fd: number, spares: number[]): boolean {
    if (libcSocket.connect(fd, unspecified, unspecified.length) < 0) return false;
    spares.push(fd);
    return true;
  }

  #of(addressFamily: number): number[] {
    return addressFamily === AF.inet ? this.#v4 : this.#v6;
  }
}
