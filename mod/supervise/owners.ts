/** Users and groups by name (passwd(5), group(5)). */
import { StartError } from "../base/errors.ts";
import { readIfThere } from "../process/pid_file.ts";

/** The number of a user or group; -1 for null. Throws `StartError` for a name that is not there. */
export function numberOf(kind: "user" | "group", name: string | null): number {
  if (name === null) return -1;
  if (/^\d+$/.test(name)) return Number(name);
  const file = kind === "user" ? "/etc/passwd" : "/etc/group";
  for (const line of (readIfThere(file) ?? "").split("\n")) {
    const fields = line.split(":");
    if (fields[0] === name && /^\d+$/.test(fields[2] ?? "")) return Number(fields[2]);
  }
  throw new StartError(`there is no ${kind} ${name} in ${file}`, 2);
}
