/** The owner of a socket file. */
import { StartError } from "../../base/errors.ts";
import { numberIn } from "../../process/users.ts";

/** The number of a user or group; -1 for null. Throws `StartError` for a name that is not there. */
export function numberOf(kind: "user" | "group", name: string | null): number {
  if (name === null) return -1;
  const file = kind === "user" ? "/etc/passwd" : "/etc/group";
  const number = numberIn(file, name);
  if (number !== null) return number;
  throw new StartError(`there is no ${kind} ${name} in ${file}`, 2);
}
