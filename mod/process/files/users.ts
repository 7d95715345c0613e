/** Users and groups of the host by name (passwd(5), group(5)). */
import { readIfThere } from "./if_there.ts";

/** The user's name in `/etc/passwd`; null: it has none. */
export function userNameOf(uid: number): string | null {
  for (const line of (readIfThere("/etc/passwd") ?? "").split("\n")) {
    const fields = line.split(":");
    if (fields[2] === String(uid) && fields[0] !== "") return fields[0];
  }
  return null;
}

/** The uid or gid of a name from `/etc/passwd` or `/etc/group`; a number is returned as it is. */
export function numberIn(file: "/etc/passwd" | "/etc/group", name: string): number | null {
  if (/^\d+$/.test(name)) return Number(name);
  for (const line of (readIfThere(file) ?? "").split("\n")) {
    const fields = line.split(":");
    if (fields[0] === name && /^\d+$/.test(fields[2] ?? "")) return Number(fields[2]);
  }
  return null;
}
