/** Finds the processes that hold accepted connections of a listener, from proc(5). */
import type { Address } from "../../mod/base/address.ts";
import { descendantPids, isGone } from "./child.ts";

/** Pids below `supervisorPid` that hold an accepted connection of `address` now. */
export function servingPids(supervisorPid: number, address: Address): Set<number> {
  const inodes = acceptedInodes(address);
  const serving = new Set<number>();
  for (const pid of descendantPids(supervisorPid)) {
    if (holdsSocket(pid, inodes)) serving.add(pid);
  }
  return serving;
}

function acceptedInodes(address: Address): Set<string> {
  if (address.kind === "unix") return acceptedUnixInodes(address.path);
  const texts = ["/proc/net/tcp", "/proc/net/tcp6"].map((path) => Deno.readTextFileSync(path));
  return new Set(texts.flatMap((text) => establishedInodes(text, address.port)));
}

/** Inodes of the established connections (state 01) of a local port in the text of /proc/net/tcp. */
export function establishedInodes(text: string, port: number): string[] {
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  const inodes: string[] = [];
  for (const line of text.split("\n").slice(1)) {
    const fields = line.trim().split(/\s+/);
    if (fields[1]?.endsWith(suffix) && fields[3] === "01") inodes.push(fields[9]);
  }
  return inodes;
}

/** An accepted unix socket has its listener's path and state 03; the listener itself has 01. */
function acceptedUnixInodes(path: string): Set<string> {
  const inodes = new Set<string>();
  for (const line of Deno.readTextFileSync("/proc/net/unix").split("\n").slice(1)) {
    const fields = line.trim().split(/\s+/);
    if (fields[7] === path && fields[5] === "03") inodes.add(fields[6]);
  }
  return inodes;
}

function holdsSocket(pid: number, inodes: ReadonlySet<string>): boolean {
  try {
    for (const { name } of Deno.readDirSync(`/proc/${pid}/fd`)) {
      const inode = linkTarget(`/proc/${pid}/fd/${name}`).match(/^socket:\[(\d+)\]$/)?.[1];
      if (inode !== undefined && inodes.has(inode)) return true;
    }
    return false;
  } catch (error) {
    // A zombie's folder exists, but only root may read it.
    if (!isGone(error) && !(error instanceof Deno.errors.PermissionDenied)) throw error;
    return false;
  }
}

function linkTarget(path: string): string {
  try {
    return Deno.readLinkSync(path);
  } catch (error) {
    // The descriptor was closed after it was listed.
    if (!isGone(error)) throw error;
    return "";
  }
}
