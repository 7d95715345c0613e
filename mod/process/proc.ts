/** Information on other processes from proc(5). */

/** A process. */
export interface ProcessInfo {
  readonly pid: number;
  readonly parent: number;
  /** In clock ticks since boot; with the pid it identifies a process uniquely. */
  readonly startTime: string;
}

/** Parent and start time of a process; null when it does not exist or is a zombie. */
export function processInfo(pid: number): ProcessInfo | null {
  const stat = readProc(`${pid}/stat`);
  if (stat === null) return null;
  // The second field is the program's name in parentheses, which may contain spaces and parentheses.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  if (fields[0] === "Z" || fields[0] === "X") return null;
  return { pid, parent: Number(fields[1]), startTime: fields[19] };
}

/** Our pid namespace, such as `pid:[4026531836]`; "" where /proc does not tell. */
export function pidSpace(): string {
  try {
    return Deno.readLinkSync("/proc/self/ns/pid");
  } catch {
    return "";
  }
}

/** The environment that a process was started with, or null when access is denied. */
export function startEnvironment(pid: number): Record<string, string> | null {
  const text = readProc(`${pid}/environ`);
  if (text === null) return null;
  const variables: Record<string, string> = {};
  for (const pair of text.split("\0")) {
    const equals = pair.indexOf("=");
    if (equals > 0) variables[pair.slice(0, equals)] = pair.slice(equals + 1);
  }
  return variables;
}

/** All pids of the host. */
export function allPids(): number[] {
  const pids: number[] = [];
  for (const { name } of Deno.readDirSync("/proc")) if (/^\d+$/.test(name)) pids.push(Number(name));
  return pids;
}

/** A process's open sockets: descriptor numbers and inodes. */
export function socketsOf(pid: number): { readonly number: number; readonly inode: string }[] {
  const sockets: { number: number; inode: string }[] = [];
  try {
    for (const { name } of Deno.readDirSync(`/proc/${pid}/fd`)) {
      const match = /^socket:\[(\d+)\]$/.exec(Deno.readLinkSync(`/proc/${pid}/fd/${name}`));
      if (match !== null) sockets.push({ number: Number(name), inode: match[1] });
    }
    return sockets;
  } catch {
    // The process has exited, or has closed a descriptor meanwhile; return those found so far.
    return sockets;
  }
}

function readProc(path: string): string | null {
  try {
    return Deno.readTextFileSync(`/proc/${path}`);
  } catch {
    // The process has exited, or belongs to another user.
    return null;
  }
}
