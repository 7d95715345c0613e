/** Users and groups of the host by name (passwd(5), group(5)), and whose process this is. */
import { readIfThere } from "./pid_file.ts";

/** Whose rights this process has. */
export interface RunningUser {
  /** 0 is root. */
  readonly uid: number;
  /** The number of a user by name, or written as a number; null: there is none of this name. */
  numberOf(name: string): number | null;
}

export function runningUser(): RunningUser {
  return { uid: Deno.uid() ?? -1, numberOf: (name) => numberIn("/etc/passwd", name) };
}

/** The number that `/etc/passwd` or `/etc/group` gives to a name; a number is its own. */
export function numberIn(file: "/etc/passwd" | "/etc/group", name: string): number | null {
  if (/^\d+$/.test(name)) return Number(name);
  for (const line of (readIfThere(file) ?? "").split("\n")) {
    const fields = line.split(":");
    if (fields[0] === name && /^\d+$/.test(fields[2] ?? "")) return Number(fields[2]);
  }
  return null;
}
