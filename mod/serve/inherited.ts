/** Listening sockets that whoever started us hands over. */
import { StartError } from "../base/errors.ts";

/** One socket. */
export interface InheritedSocket {
  /** As the starter spells it, for log lines: `8080`, `127.0.0.1:80`, `/run/a.sock`. */
  readonly name: string;
  readonly fd: number;
}

/** systemd's first descriptor (sd_listen_fds(3)). */
const systemdFirstFd = 3;

/**
 * Reads SERVER_STARTER_PORT (`8080=4;/run/a.sock=5`), else LISTEN_PID and LISTEN_FDS. null: nobody
 * handed anything over. Throws StartError for a value that is neither.
 */
export function readInherited(
  variable: (name: string) => string | undefined,
  pid: number,
): InheritedSocket[] | null {
  const starter = variable("SERVER_STARTER_PORT");
  // Set but empty: a starter that was given no port.
  if (starter !== undefined && starter !== "") return readStarterPort(starter);
  const count = variable("LISTEN_FDS");
  if (count === undefined || variable("LISTEN_PID") !== String(pid)) return null;
  if (!/^\d{1,4}$/.test(count)) throw new StartError(`LISTEN_FDS=${count} is not a number`);
  const names = (variable("LISTEN_FDNAMES") ?? "").split(":");
  return Array.from({ length: Number(count) }, (_, i) => {
    return { name: names[i] || `systemd ${i}`, fd: systemdFirstFd + i };
  });
}

/** The last "=" divides: a path may contain one. */
export function readStarterPort(text: string): InheritedSocket[] {
  return text.split(";").map((item) => {
    const match = /^(.*)=(\d+)$/.exec(item);
    if (match !== null) return { name: match[1], fd: Number(match[2]) };
    throw new StartError(`SERVER_STARTER_PORT: ${item} is not NAME=DESCRIPTOR`);
  });
}

/** Spells sockets as SERVER_STARTER_PORT does. */
export function formatStarterPort(sockets: readonly InheritedSocket[]): string {
  return sockets.map(({ name, fd }) => `${name}=${fd}`).join(";");
}
