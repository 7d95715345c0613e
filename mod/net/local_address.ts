import { Errno } from "../sys/errno.ts";
import { errno, libc } from "../sys/libc.ts";
import { encodeSockaddr, IP, SOCK, SOL } from "../sys/sockaddr.ts";
import { setOption } from "./descriptor.ts";

/** Whether outgoing connections can use the IP address `host`. Does not occupy a port. */
export function isLocalAddress(host: string): boolean {
  const sockaddr = encodeSockaddr({ kind: "tcp", host, port: 0 });
  const fd = libc.socket(sockaddr[0], SOCK.stream | SOCK.cloexec, 0);
  // Without a socket the answer is unknown: connecting will report the reason.
  if (fd < 0) return true;
  setOption(fd, SOL.ip, IP.bindAddressNoPort, 1);
  const failure = libc.bind(fd, sockaddr, sockaddr.length) < 0 ? errno() : 0;
  libc.close(fd);
  return failure !== Errno.EADDRNOTAVAIL;
}
