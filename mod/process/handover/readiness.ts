/**
 * Readiness notification to the supervisor: a datagram to NOTIFY_SOCKET (sd_notify(3)) and a line to
 * READY_FD (s6).
 */
import { libc } from "../../sys/libc.ts";
import { F, fdCloexec } from "../../sys/descriptor_flags.ts";
import { libcProcess } from "../../sys/libc_process.ts";
import { AF, MSG, SOCK } from "../../sys/sockaddr.ts";
import { onFailure } from "../../base/last_error.ts";
import { dropVariable, getVariable } from "../environment.ts";

/** NOTIFY_SOCKET of a master, for its workers: to say why they fail, and nothing else. */
const failureVariable = "HAYATE_FAILURE_SOCKET";

/** Where to send notifications. */
interface Starter {
  readonly socket: string;
  /** -1: none, or already notified. */
  readyFd: number;
}

let starter: Starter | null = null;

/**
 * Removes the two variables from the environment, so that no child sends notifications for this
 * process. A process that starts children calls it first; otherwise the first `notify` does.
 */
export function claimReadiness(): Starter {
  if (starter !== null) return starter;
  const fd = getVariable("READY_FD") ?? "";
  starter = {
    socket: getVariable("NOTIFY_SOCKET") ?? "",
    readyFd: /^\d+$/.test(fd) ? Number(fd) : -1,
  };
  const { socket } = starter;
  const failureSocket = socket !== "" ? socket : getVariable(failureVariable) ?? "";
  if (failureSocket !== "") onFailure((line) => send(failureSocket, `STATUS=${line}`));
  dropVariable("NOTIFY_SOCKET");
  dropVariable(failureVariable);
  dropVariable("READY_FD");
  if (starter.readyFd >= 0) libc.fcntl(starter.readyFd, F.setfd, fdCloexec);
  return starter;
}

/**
 * Serving modes call this when they accept connections; further calls are harmless. `fields`:
 * additional lines of sd_notify(3), such as `STATUS=...`.
 */
export function notifyReady(...fields: readonly string[]): void {
  notify("READY=1", ...fields);
  const starter = claimReadiness();
  if (starter.readyFd < 0) return;
  libc.write(starter.readyFd, new TextEncoder().encode("ready\n"), 6);
  libc.close(starter.readyFd);
  starter.readyFd = -1;
}

/** Sends lines such as `STOPPING=1` to NOTIFY_SOCKET, if set. */
export function notify(...lines: readonly string[]): void {
  const { socket } = claimReadiness();
  if (socket !== "") send(socket, lines.join("\n"));
}

/**
 * The variables of a master's worker, which is not the one that gets ready, but may know why the
 * master does not.
 */
export function failureVariables(): Readonly<Record<string, string>> {
  const { socket } = claimReadiness();
  return socket === "" ? {} : { [failureVariable]: socket };
}

function send(socket: string, lines: string): void {
  const fd = libc.socket(AF.unix, SOCK.dgram | SOCK.cloexec, 0);
  if (fd < 0) return;
  const text = new TextEncoder().encode(lines);
  const address = notifyAddress(socket);
  // A failure is ignored: the supervisor has exited or does not listen.
  libcProcess.sendto(fd, text, text.length, MSG.nosignal | MSG.dontwait, address, address.length);
  libc.close(fd);
}

/** struct sockaddr_un; a leading `@` means the NUL of the abstract namespace (unix(7)). */
export function notifyAddress(name: string): Uint8Array<ArrayBuffer> {
  const path = new TextEncoder().encode(name);
  const abstract = name.startsWith("@");
  const struct = new Uint8Array(2 + path.length + (abstract ? 0 : 1));
  struct[0] = AF.unix;
  struct.set(path, 2);
  if (abstract) struct[2] = 0;
  return struct;
}
