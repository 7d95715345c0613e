/** Listening sockets inherited from the process that started this one. */
import { StartError } from "../../base/errors.ts";
import { type InheritedSocket, parseStarterPort } from "../../process/handover/starter_port.ts";
import { parentOpener } from "../../process/privileges/parent_opener.ts";

/** systemd's first descriptor (sd_listen_fds(3)). */
const systemdFirstFd = 3;

/** The process that systemd has started: this one, or the parent that keeps root for it. */
export function startedPid(): number {
  return parentOpener()?.isKeeper === true ? Deno.ppid : Deno.pid;
}

/**
 * Reads SERVER_STARTER_PORT (`8080=4;/run/a.sock=5`), else LISTEN_PID and LISTEN_FDS. null: no
 * sockets were inherited. Throws StartError for a malformed value.
 */
export function readInherited(
  variable: (name: string) => string | undefined,
  pid: number,
): InheritedSocket[] | null {
  const starter = variable("SERVER_STARTER_PORT");
  // Set but empty: the supervisor was given no port.
  if (starter !== undefined && starter !== "") return parseStarterPort(starter);
  const count = variable("LISTEN_FDS");
  if (count === undefined || variable("LISTEN_PID") !== String(pid)) return null;
  if (!/^\d{1,4}$/.test(count)) throw new StartError(`LISTEN_FDS=${count} is not a number`);
  const names = (variable("LISTEN_FDNAMES") ?? "").split(":");
  return Array.from({ length: Number(count) }, (_, i) => {
    return { name: names[i] || `systemd ${i}`, fd: systemdFirstFd + i };
  });
}
