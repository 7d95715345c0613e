/** Parses argv of `hayate proxy` into a command. Pure. */
import type { Address } from "../../base/address.ts";
import { type Environment, readOptions, UsageError } from "../../cli/mod.ts";
import type { LogFlags } from "../../process/choose_log.ts";
import { proxyTable } from "./flags.ts";

export interface ProxyCommand {
  /** null: the default places are searched. */
  readonly configFile: string | null;
  readonly testOnly: boolean;
  /** How long TERM lets clients go before the graceful stop; 0: not at all. */
  readonly shutdownDelayMs: number;
  /** Reload when a file of the configuration changes. */
  readonly watch: boolean;
  /** Where `/livez` and `/readyz` are answered; null: nowhere. */
  readonly health: Address | null;
  readonly logFlags: LogFlags;
}

/** Throws UsageError, or InfoRequest for --help and --version. */
export function readProxyCommand(
  argv: readonly string[],
  environment?: Environment,
): ProxyCommand {
  const { values } = readOptions(proxyTable, argv, environment);
  if (values.conf === "") throw new UsageError(["--conf needs the name of a file"]);
  return {
    configFile: values.conf,
    testOnly: values.test || values.mode === "test",
    shutdownDelayMs: values.shutdownDelayMs,
    watch: values.watch,
    health: values.health,
    logFlags: { format: values.logFormat, stream: values.logTo },
  };
}
