import { Errno } from "../sys/errno.ts";
import { libc } from "../sys/libc.ts";
import { encodeSockaddr } from "../sys/sockaddr.ts";
import { bindSource, openStream } from "./epoll/stream.ts";

/** Whether connections can leave from the IP address `host`. Takes no port. */
export function isLocalAddress(host: string): boolean {
  const sockaddr = encodeSockaddr({ kind: "tcp", host, port: 0 });
  const fd = openStream(sockaddr);
  // Without a socket nothing is known: the connects will say why.
  if (fd < 0) return true;
  const failure = bindSource(fd, sockaddr);
  libc.close(fd);
  return failure !== Errno.EADDRNOTAVAIL;
}
