/** Other processes as proc(5) shows them. */

/** A process that we may look at. */
export interface ProcessInfo {
  readonly pid: number;
  readonly parent: number;
  /** In clock ticks since boot: with the pid it names a process for good. */
  readonly startTime: string;
}

/** Parent and start time of a process, or null when there is none. A zombie counts as none. */
export function processInfo(pid: number): ProcessInfo | null {
  const stat = readProc(`${pid}/stat`);
  if (stat === null) return null;
  // The second field is the program's name in brackets, which may hold blanks and brackets.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  if (fields[0] === "Z" || fields[0] === "X") return null;
  return { pid, parent: Number(fields[1]), startTime: fields[19] };
}

/** The environment that a process was started with, or null where we may not look. */
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

/** Every pid there is. */
export function allPids(): number[] {
  const pids: number[] = [];
  for (const { name } of Deno.readDirSync("/proc")) if (/^\d+$/.test(name)) pids.push(Number(name));
  return pids;
}

/** Numbers of a process's open sockets with their inodes. */
export function socketsOf(pid: number): { readonly number: number; readonly inode: string }[] {
  const sockets: { number: number; inode: string }[] = [];
  try {
    for (const { name } of Deno.readDirSync(`/proc/${pid}/fd`)) {
      const match = /^socket:\[(\d+)\]$/.exec(Deno.readLinkSync(`/proc/${pid}/fd/${name}`));
      if (match !== null) sockets.push({ number: Number(name), inode: match[1] });
    }
    return sockets;
  } catch {
    // The process has ended, or closed a descriptor meanwhile; what was found so far counts.
    return sockets;
  }
}

function readProc(path: string): string | null {
  try {
    return Deno.readTextFileSync(`/proc/${path}`);
  } catch {
    // It has ended, or belongs to somebody else.
    return null;
  }
}
