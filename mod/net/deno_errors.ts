/** Maps errors that Deno's sockets throw to those of the reactor's contract. */
import { type Address, unixPathBytesMax } from "../base/address.ts";
import { type ErrorSource, PeerError, StartError, systemReason } from "../base/errors.ts";
import { listenFault } from "./listen_fault.ts";

/** Errors raised by Deno itself have no errno; it is derived from the class. */
const classCodes: Readonly<Record<string, string>> = {
  AddrInUse: "EADDRINUSE",
  AddrNotAvailable: "EADDRNOTAVAIL",
  BrokenPipe: "EPIPE",
  ConnectionAborted: "ECONNABORTED",
  ConnectionRefused: "ECONNREFUSED",
  ConnectionReset: "ECONNRESET",
  Interrupted: "EINTR",
  NetworkUnreachable: "ENETUNREACH",
  NotCapable: "EACCES",
  NotConnected: "ENOTCONN",
  NotFound: "ENOENT",
  PermissionDenied: "EACCES",
  TimedOut: "ETIMEDOUT",
  UnexpectedEof: "EEOF",
  WouldBlock: "EAGAIN",
};

/** The errno name of an error that Deno threw; `EIO` if it has none. */
export function errnoName(error: unknown): string {
  if (!(error instanceof Error)) return "EIO";
  const code = (error as { code?: unknown }).code;
  if (typeof code === "string" && /^E[A-Z0-9]+$/.test(code)) return code;
  return classCodes[error.name] ?? "EIO";
}

/** The system's phrase without its number, in lower case: `connection refused`. */
function phrase(error: unknown): string {
  const plain = systemReason(error);
  return plain.charAt(0).toLowerCase() + plain.slice(1);
}

/** The error of an open connection, or of opening one (`retrySafe`: nothing was sent). */
export function peerError(error: unknown, source: ErrorSource, retrySafe: boolean): PeerError {
  return new PeerError(errnoName(error), source, phrase(error), retrySafe, error);
}

/** Why a listener could not be opened, in one line that the user can act on. */
export function listenError(error: unknown, address: Address): StartError {
  if (error instanceof StartError) return error;
  const code = errnoName(error);
  const message = code === "EINVAL" && address.kind === "unix"
    ? `${address.path}: the path is too long for a socket (${unixPathBytesMax} bytes at most)`
    : listenFault(address, code, phrase(error));
  return new StartError(message, 1, { cause: error });
}
