/** The sockets that a master hands to its workers: those of the supervisor, and those it binds. */
import { formatAddress } from "../../base/address.ts";
import { libc } from "../../sys/libc.ts";
import { socketAnswers } from "../../net/epoll/bind.ts";
import { bindInheritable } from "../../net/inheritable.ts";
import { clearSocketPath, removeSocketPath, socketInode } from "../../net/unix_path.ts";
import type { PassedDescriptor } from "../../process/spawn.ts";
import type { InheritedSocket } from "../../process/starter_port.ts";
import { isInherited } from "../listeners.ts";
import type { ListenPlan } from "../plan.ts";

const backlog = 16_384;

export interface MasterSockets {
  readonly portsText: string;
  readonly descriptors: readonly PassedDescriptor[];
  /** The first number that is free in a worker. */
  readonly freeNumber: number;
  close(): void;
}

/** Throws `StartError`. */
export function openMasterSockets(
  plans: readonly ListenPlan[],
  inherited: readonly InheritedSocket[] | null,
): MasterSockets {
  const parts = (inherited ?? []).map(({ name, fd }) => `${name}=${fd}`);
  const descriptors: PassedDescriptor[] = [];
  const files: { path: string; inode: number | null }[] = [];
  let number = Math.max(9, ...(inherited ?? []).map(({ fd }) => fd)) + 1;
  for (const { address, mode } of plans) {
    if (inherited !== null && isInherited(inherited, address)) continue;
    if (address.kind === "unix") {
      clearSocketPath(address.path, socketAnswers);
    }
    const reusePort = inherited !== null && address.kind === "tcp";
    const fd = bindInheritable(address, { backlog, reusePort, ...(mode === null ? {} : { mode }) });
    if (address.kind === "unix") {
      files.push({ path: address.path, inode: socketInode(address.path) });
    }
    descriptors.push({ ours: fd, number });
    parts.push(`${formatAddress(address)}=${number++}`);
  }
  return {
    portsText: parts.join(";"),
    descriptors,
    freeNumber: number,
    close() {
      for (const { ours } of descriptors) libc.close(ours);
      for (const { path, inode } of files) removeSocketPath(path, inode);
    },
  };
}
