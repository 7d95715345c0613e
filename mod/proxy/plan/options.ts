/** Parses argv of `hayate proxy` into a command. Pure. */
import { readOptions, UsageError } from "../../cli/mod.ts";
import type { LogFlags } from "../../process/choose_log.ts";
import { proxyTable } from "./flags.ts";

export interface ProxyCommand {
  /** null: the default places are searched. */
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
