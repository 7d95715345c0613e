/** Sockets of ended connections that can carry another one. */
import { libcSocket } from "../../sys/libc_socket.ts";
import { AF } from "../../sys/sockaddr.ts";
import { isAllAcknowledged, takeSocketError } from "./stream.ts";

/** Kept for either address family; more are closed, so that descriptors do not run short for others. */
const sparesMax = 64;
/** struct sockaddr of family AF_UNSPEC: connect(2) then takes the association away. */
const unspecified = new Uint8Array(16);

/**
 * On one host the last acknowledgement of a connection is back before shutdown(2) returns, and the
 * socket could carry the next one. Doing so saves socket(2), its options, its place in the epoll set
 * and most of close(2): a fifth of what the kernel does for a connection with one request. The peer
 * sees the same packets.
 */
export class SpareStreams {
  readonly #v4: number[] = [];
  readonly #v6: number[] = [];

  /** A socket for `sockaddr` that is in the epoll set already; -1 when there is none. */
  take(sockaddr: Uint8Array): number {
    return this.#of(sockaddr[0]).pop() ?? -1;
  }

  /**
   * Ends a connection whose peer has sent its FIN, and keeps the socket. False: it is shut down but
   * not kept, because something is still under way or because there are enough.
   */
  keepEnded(fd: number, addressFamily: number): boolean {
    libcSocket.shutdown(fd, 1);
    const spares = this.#of(addressFamily);
    return spares.length < sparesMax && isAllAcknowledged(fd) && this.#keep(fd, spares);
  }

  /** The same by a reset, whatever is under way. False: nothing was done. */
  keepReset(fd: number, addressFamily: number): boolean {
    const spares = this.#of(addressFamily);
    if (spares.length >= sparesMax || !this.#keep(fd, spares)) return false;
    // The socket would tell its next connection of the reset that it has sent.
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
