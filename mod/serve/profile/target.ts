/** Finds out whether a process can be profiled. */
import { StartError } from "../../base/errors.ts";
import { signalNumber } from "../../process/signals/signals.ts";
import { findSection } from "../../script/built/section.ts";
import { profileSignal } from "./request.ts";

export interface ProfiledProcess {
  readonly pid: number;
  /** Its pid in its own namespace, a container's for example. */
  readonly innerPid: number;
  readonly uid: number;
  readonly gid: number;
  /** The path of its root folder as we see it; "" where its folders are ours. */
  readonly root: string;
}

/** `pid`, or the one worker of the master with this pid. Throws `StartError` with the reason. */
export function findProcess(pid: number): ProfiledProcess {
  const status = readIfThere(`/proc/${pid}/status`);
  if (status === null) throw new StartError("there is none");
  if (!isServe(pid)) throw new StartError("it is not hayate serve");
  const workers = childrenOf(pid).filter(isServe);
  if (workers.length === 1) return findProcess(workers[0]);
  if (workers.length > 1) {
    throw new StartError(`it is the master, give one of its workers: ${workers.join(" ")}`);
  }
  const bit = BigInt(signalNumber(profileSignal) - 1);
  if ((BigInt(`0x${field(status, "SigCgt") || "0"}`) >> bit & 1n) === 0n) {
    throw new StartError("it has not started yet");
  }
  const [, uid] = field(status, "Uid").split(/\s+/).map(Number);
  const [, gid] = field(status, "Gid").split(/\s+/).map(Number);
  const inner = field(status, "NSpid").split(/\s+/).pop();
  return { pid, innerPid: Number(inner || pid), uid, gid, root: rootOf(pid) };
}

/** Whether it has ended; its parent need not know yet. */
export function hasEnded(pid: number): boolean {
  const status = readIfThere(`/proc/${pid}/status`);
  return status === null || /^[ZX]/.test(field(status, "State"));
}

/** A field of /proc/PID/status (proc_pid_status(5)); "" where this kernel has none. */
function field(status: string, name: string): string {
  return new RegExp(`^${name}:\\s+(.*)$`, "m").exec(status)?.[1] ?? "";
}

/** Its second word is the mode, whatever the program is called; one with an app in it needs none. */
function isServe(pid: number): boolean {
  const words = (readIfThere(`/proc/${pid}/cmdline`) ?? "").split("\0");
  return words.slice(0, 3).includes("serve") || hasApp(pid);
}

function hasApp(pid: number): boolean {
  try {
    return findSection(`/proc/${pid}/exe`) !== null;
  } catch (error) {
    // Another user's, or it has ended; a damaged one does not run.
    if (isHidden(error) || error instanceof StartError) return false;
    throw error;
  }
}

function childrenOf(pid: number): number[] {
  const text = readIfThere(`/proc/${pid}/task/${pid}/children`) ?? "";
  return text.split(" ").filter((word) => word !== "").map(Number);
}

/** A container has other folders, and so has a service with PrivateTmp (systemd.exec(5)). */
function rootOf(pid: number): string {
  try {
    const [theirs, ours] = [pid, "self"].map((id) => Deno.readLinkSync(`/proc/${id}/ns/mnt`));
    return theirs === ours ? "" : `/proc/${pid}/root`;
  } catch (error) {
    // It may not be traced: then it should at least see the same folders.
    if (isHidden(error)) return "";
    throw error;
  }
}

function readIfThere(path: string): string | null {
  try {
    return Deno.readTextFileSync(path);
  } catch (error) {
    // ESRCH while it ends.
    if (isHidden(error) || (error as { code?: string }).code === "ESRCH") return null;
    throw error;
  }
}

function isHidden(error: unknown): boolean {
  return error instanceof Deno.errors.NotFound || error instanceof Deno.errors.PermissionDenied ||
    error instanceof Deno.errors.NotCapable;
}
