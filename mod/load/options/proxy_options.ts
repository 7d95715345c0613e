/** What does not go with --proxy. Pure. */
import type { ParsedOptions } from "../../cli/mod.ts";
import type { Target } from "../plan/target.ts";
import type { loadTable } from "./flags.ts";

export function proxyFaults(
  { values }: ParsedOptions<typeof loadTable>,
  targets: readonly Target[],
): string[] {
  if (values.proxy === null) return values.proxyTunnel ? ["--proxy-tunnel needs --proxy"] : [];
  const faults: string[] = [];
  const cannot = (flag: string, why: string) =>
    faults.push(`--proxy and --${flag} cannot be combined: ${why}`);
  if (values.unixSocket !== null) cannot("unix-socket", "a proxy cannot reach a unix socket");
  if (values.connectTo.length > 0) cannot("connect-to", "the proxy makes the connections");
  for (const { text, unixPath } of targets) {
    if (unixPath !== null) faults.push(`URL ${text}: --proxy cannot reach a unix socket`);
  }
  return faults;
}
