/** Sockets from systemd: LISTEN_FDS descriptors from 3 on, for LISTEN_PID (sd_listen_fds(3)). */
import { formatAddress } from "../../base/address.ts";
import { isDatagram, localAddressOf } from "../../net/descriptor.ts";
import { isListening } from "../../net/listening.ts";
import type { Variables } from "../../process/environment.ts";
import { keepFromChildren } from "../../process/handover/inherited.ts";
import type { ListenSpec } from "../../config/listen_spec.ts";

/** A socket that our parent opened. */
export interface GivenSocket {
  readonly fd: number;
  readonly spec: ListenSpec;
}

const firstFd = 3;

/** Takes them over and marks them close-on-exec. Empty when none are for this process. */
export function takeListenFds(environment: Variables): GivenSocket[] {
  const count = Number(environment["LISTEN_FDS"] ?? 0);
  if (!(count > 0) || environment["LISTEN_PID"] !== String(Deno.pid)) return [];
  const given: GivenSocket[] = [];
  for (let fd = firstFd; fd < firstFd + count; fd++) {
    keepFromChildren(fd);
    const datagram = isDatagram(fd);
    if (!datagram && !isListening(fd)) continue;
    const address = localAddressOf(fd);
    const name = address.kind === "tcp" && address.host === "0.0.0.0"
      ? String(address.port)
      : formatAddress(address);
    given.push({ fd, spec: { address, datagram, name, number: null, tls: false, isTwin: false } });
  }
  return given;
}
