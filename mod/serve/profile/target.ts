/** Finds out whether a process can be profiled. */

export interface ProfiledProcess {
  /** Its pid in its own namespace, a container's for example. */
  readonly innerPid: number;
  /** The path of its root folder as we see it; "" where it is ours. */
  readonly root: string;
}

/** A string is the reason why not. `uid`: ours. `signal`: the number of the one it must listen to. */
export function readProcess(pid: number, uid: number, signal: number): ProfiledProcess | string {
  const status = readIfThere(`/proc/${pid}/status`);
  if (status === null) return `process ${pid}: there is none`;
  const field = (name: string) => new RegExp(`^${name}:\\s+(.*)$`, "m").exec(status)?.[1] ?? "";
  if (!isServe(pid)) return `process ${pid}: it is not hayate serve`;
  const owner = Number(field("Uid").split(/\s+/)[1]);
  if (owner !== uid) {
    return `process ${pid}: it belongs to the user ${owner}; run this as that user, ` +
      `for example with setpriv --reuid ${owner} --clear-groups`;
  }
  if ((BigInt(`0x${field("SigCgt") || "0"}`) >> BigInt(signal - 1) & 1n) === 0n) {
    return `process ${pid}: it has not started yet`;
  }
  const children = (readIfThere(`/proc/${pid}/task/${pid}/children`) ?? "").trim().split(" ");
  const workers = children.filter((child) => child !== "" && isServe(Number(child)));
  if (workers.length > 0) {
    return `process ${pid}: it is the master, give one of its workers: ${workers.join(" ")}`;
  }
  const inner = Number(field("NSpid").split(/\s+/).pop() || pid);
  return { innerPid: inner, root: rootOf(pid) };
}

/** Its second word is the mode, whatever the program is called. */
function isServe(pid: number): boolean {
  const words = (readIfThere(`/proc/${pid}/cmdline`) ?? "").split("\0");
  return words.slice(0, 3).includes("serve");
}

function rootOf(pid: number): string {
  const root = `/proc/${pid}/root`;
  try {
    const [theirs, ours] = [Deno.statSync(root), Deno.statSync("/")];
    return theirs.ino === ours.ino && theirs.dev === ours.dev ? "" : root;
  } catch (error) {
    // It may not be traced: then it should at least see the same folders.
    if (error instanceof Deno.errors.PermissionDenied || error instanceof Deno.errors.NotFound) {
      return "";
    }
    throw error;
  }
}

function readIfThere(path: string): string | null {
  try {
    return Deno.readTextFileSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.PermissionDenied) {
      return null;
    }
    throw error;
  }
}
