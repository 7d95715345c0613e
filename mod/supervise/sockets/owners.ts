/** The user and group of a socket file. */
import { StartError } from "../../base/errors.ts";
import { numberIn } from "../../process/files/users.ts";

/** The id of a user or group; -1 for null. Throws `StartError` for an unknown name. */
export function numberOf(kind: "user" | "group", name: string | null): number {
  if (name === null) return -1;
  const file = kind === "user" ? "/etc/passwd" : "/etc/group";
  const number = numberIn(file, name);
  if (number !== null) return number;
  throw new StartError(`no ${kind} ${name} in ${file}`, 2);
}
