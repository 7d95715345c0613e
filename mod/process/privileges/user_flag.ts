import { Wrong } from "../../cli/mod.ts";
import { userTextFault } from "./run_as.ts";

/** For the `--user` of flag tables. The user itself is looked up when the process starts. */
export function readUser(text: string): string | Wrong {
  const fault = userTextFault(text);
  return fault === null ? text : new Wrong(fault);
}
