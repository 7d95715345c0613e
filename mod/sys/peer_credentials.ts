/** Who is at the other end of a unix socket (SO_PEERCRED, unix(7)). */
import { libc } from "./libc.ts";
import { SO, SOL } from "./sockaddr.ts";

/** No user: what the kernel gives for a socket without one, as for TCP. */
const nobodyUid = 0xffff_ffff;

/** The user, as the kernel noted it when the connection was made; null: not a unix socket. */
export function peerUidOf(fd: number): number | null {
  // struct ucred: pid, uid, gid.
  const credentials = new Uint32Array(3);
  const length = new Uint32Array([credentials.byteLength]);
  const bytes = new Uint8Array(credentials.buffer);
  if (libc.getsockopt(fd, SOL.socket, SO.peercred, bytes, length) < 0) return null;
  return credentials[1] === nobodyUid ? null : credentials[1];
}
