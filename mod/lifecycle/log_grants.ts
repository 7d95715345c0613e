/** What a log needs that only root may be able to open. */
import { parseLogTarget } from "../log/mod.ts";
import type { GrantList } from "../process/privileges/grants.ts";

/** `target` as the setting of a log names it: a file, files in rotation, a command or another. */
export function grantLog(target: string, list: GrantList): void {
  const parsed = parseLogTarget(target);
  if (parsed.kind === "file" || parsed.kind === "rollback") list.append(parsed.path);
  if (parsed.kind === "pipe") list.run(parsed.command);
}
