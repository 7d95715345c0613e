/** argv of `hayate proxy` to what is to be done. Pure. */
import { readOptions, UsageError } from "../cli/mod.ts";
import type { LogFlags } from "../process/choose_log.ts";
import { proxyTable } from "./flags.ts";

export interface ProxyCommand {
  /** null: look in the usual places. */
  readonly configFile: string | null;
  readonly testOnly: boolean;
  readonly logFlags: LogFlags;
}

/** Throws UsageError, or InfoRequest for --help and --version. */
export function readProxyCommand(argv: readonly string[]): ProxyCommand {
  const { values } = readOptions(proxyTable, argv);
  if (values.conf === "") throw new UsageError(["--conf needs the name of a file"]);
  return {
    configFile: values.conf,
    testOnly: values.test || values.mode === "test",
    logFlags: { format: values.logFormat, stream: values.logTo },
  };
}
