import { Errno } from "../sys/errno.ts";
import { libc } from "../sys/libc.ts";
import { encodeSockaddr } from "../sys/sockaddr.ts";
import { bindSource, openStream } from "./epoll/stream.ts";

/** Whether outgoing connections can use the IP address `host`. Does not occupy a port. */
export function isLocalAddress(host: string): boolean {
  const sockaddr = encodeSockaddr({ kind: "tcp", host, port: 0 });
  const fd = openStream(sockaddr);
  // Without a socket the answer is unknown: connecting will report the reason.
  if (fd < 0) return true;
  const failure = bindSource(fd, sockaddr);
  libc.close(fd);
  return failure !== Errno.EADDRNOTAVAIL;
}
