/** Parses argv of `hayate proxy` into a command. Pure. */
import type { Address } from "../../base/address.ts";
import { readOptions, UsageError } from "../../cli/mod.ts";
import type { LogFlags } from "../../process/choose_log.ts";
import { proxyTable } from "./flags.ts";

export interface ProxyCommand {
  /** As they were given. */
  readonly argv: readonly string[];
  /** null: the default places are searched. */
  readonly configFile: string | null;
  readonly testOnly: boolean;
  /** Print the configuration that the variables mean, and exit. */
  readonly printOnly: boolean;
  /** The environment at the start, for `environmentConfig`. */
  readonly variables: Readonly<Record<string, string>>;
  /** How long TERM lets clients go before the graceful stop; 0: not at all. */
  readonly shutdownDelayMs: number;
  /** Reload when a file of the configuration changes. */
  readonly watch: boolean;
  /** Where `/livez` and `/readyz` are answered; null: nowhere. */
  readonly health: Address | null;
  /** The user to run as, as `NAME[:GROUP]`; null: as the configuration says. */
  readonly user: string | null;
  readonly logFlags: LogFlags;
}

/** Throws UsageError, or InfoRequest for --help and --version. */
export function readProxyCommand(
  argv: readonly string[],
  variables: Readonly<Record<string, string>> = {},
): ProxyCommand {
  const { values } = readOptions(proxyTable, argv, (name) => variables[name]);
  if (values.conf === "") throw new UsageError(["--conf needs the name of a file"]);
  return {
    argv,
    user: values.user,
    configFile: values.conf,
    testOnly: values.test || values.mode === "test",
    printOnly: values.printConfig,
    variables,
    shutdownDelayMs: values.shutdownDelayMs,
    watch: values.watch,
    health: values.health,
    logFlags: { format: values.logFormat, stream: values.logTo },
  };
}
