/**
 * Telling whoever started us that we are ready: a datagram to NOTIFY_SOCKET (sd_notify(3)), a line
 * to READY_FD (s6's readiness notification).
 */
import { libc } from "../sys/libc.ts";
import { F, fdCloexec, libcProcess } from "../sys/libc_process.ts";
import { AF, MSG, SOCK } from "../sys/sockaddr.ts";
import { dropVariable, getVariable } from "./environment.ts";

/** Whom to tell. Taken once at start, so that children of ours do not speak in our name. */
const notifySocket = getVariable("NOTIFY_SOCKET");
const readyFd = readDescriptor(getVariable("READY_FD"));
dropVariable("NOTIFY_SOCKET");
dropVariable("READY_FD");
if (readyFd !== null) libc.fcntl(readyFd, F.setfd, fdCloexec);
let readyFdIsOpen = readyFd !== null;

function readDescriptor(text: string | undefined): number | null {
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : null;
}

/**
 * Serving modes call this once they accept connections; more calls do no harm. `fields` are further
 * lines of sd_notify(3), such as `STATUS=...`.
 */
export function notifyReady(...fields: readonly string[]): void {
  notify("READY=1", ...fields);
  if (readyFdIsOpen) {
    libc.write(readyFd as number, new TextEncoder().encode("ready\n"), 6);
    libc.close(readyFd as number);
    readyFdIsOpen = false;
  }
}

/** Sends lines such as `STOPPING=1` to NOTIFY_SOCKET; without one nothing happens. */
export function notify(...lines: readonly string[]): void {
  if (notifySocket === undefined || notifySocket === "") return;
  const fd = libc.socket(AF.unix, SOCK.dgram | SOCK.cloexec, 0);
  if (fd < 0) return;
  const text = new TextEncoder().encode(lines.join("\n"));
  const address = notifyAddress(notifySocket);
  // Nobody listens: the starter has gone or does not care, and neither do we.
  libcProcess.sendto(fd, text, text.length, MSG.nosignal | MSG.dontwait, address, address.length);
  libc.close(fd);
}

/** struct sockaddr_un; a leading `@` stands for the NUL of the abstract name space (unix(7)). */
export function notifyAddress(name: string): Uint8Array<ArrayBuffer> {
  const path = new TextEncoder().encode(name);
  const abstract = name.startsWith("@");
  const struct = new Uint8Array(2 + path.length + (abstract ? 0 : 1));
  struct[0] = AF.unix;
  struct.set(path, 2);
  if (abstract) struct[2] = 0;
  return struct;
}
