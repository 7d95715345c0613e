/**
 * How `hayate health` finds the supervisor of its own container, without a port, a shell or a file
 * that an image must hold: a unix socket in /dev/shm, which a container can write even when its root
 * is read-only. The name holds the container's mount namespace, so containers that share /dev/shm or
 * the host's network do not meet.
 */
import { flag, record, text } from "../base/shape.ts";

/** The answer to `{"command":"health"}`. */
export interface HealthAnswer {
  readonly ready: boolean;
  /** Why not; otherwise what serves. */
  readonly text: string;
}

/** Checked by the client: another program may own the path. */
export const healthShape = record<HealthAnswer>({ ready: flag, text });

/** null: /proc does not show the namespace. */
export function containerChannelPath(): string | null {
  try {
    const inode = /^mnt:\[(\d+)\]$/.exec(Deno.readLinkSync("/proc/self/ns/mnt"))?.[1];
    return inode === undefined ? null : `/dev/shm/hayate-${inode}.sock`;
  } catch {
    // No /proc, or not for us: then there is no such channel.
    return null;
  }
}
