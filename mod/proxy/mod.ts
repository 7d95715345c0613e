/** `hayate proxy`: a reverse proxy and static server that reads h2o.conf. */
import { exitCodes } from "../base/errors.ts";
import { type Mode, UsageError } from "../cli/mod.ts";
import { Logger, standardSink } from "../log/mod.ts";
import { allVariables, dropVariable } from "../process/environment.ts";
import { chooseLog } from "../process/choose_log.ts";
import { subcommands } from "./subcommands.ts";
import { isRoot } from "../process/privileges/become_user.ts";
import { userVariable } from "../process/privileges/choose_user.ts";
import { userDefault } from "../process/privileges/run_as.ts";
import { environmentConfig, environmentVariables } from "./plan/environment_config.ts";
import { proxyTable } from "./plan/flags.ts";
import { type ProxyCommand, readProxyCommand } from "./plan/options.ts";

export const proxyMode: Mode = {
  name: "proxy",
  summary: proxyTable.summary,
  table: proxyTable,
  subcommands,
  topics: async () => (await import("./topics/mod.ts")).proxyTopics,
  async run(argv): Promise<number> {
    const command = readProxyCommand(argv, allVariables());
    if (command.printOnly) return await printConfig(command);
    chooseLog(command.logFlags);
    // Other programs do not get them.
    for (const name of environmentVariables) dropVariable(name);
    const logger = new Logger({ name: "proxy" });
    const { runProxy } = await import("./run.ts");
    return await runProxy(command, logger);
  },
};

async function printConfig({ configFile, variables, user }: ProxyCommand): Promise<number> {
  const parts = { withListen: true, file: configFile };
  const chosen = user ?? (isRoot() ? userDefault : undefined);
  const variable = (name: string) => name === userVariable ? chosen : variables[name];
  const text = environmentConfig(variable, parts);
  if (text === null) {
    throw new UsageError([
      "--print-config: UPSTREAM is not set, so no variables mean a configuration",
    ]);
  }
  const out = standardSink("stdout");
  out.buffer.text(text);
  out.endLine();
  await out.close();
  return exitCodes.ok;
}
