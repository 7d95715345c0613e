/** `hayate proxy`: a reverse proxy and static server that reads h2o.conf. */
import type { Mode } from "../cli/mod.ts";
import { Logger } from "../log/mod.ts";
import { getVariable } from "../process/environment.ts";
import { chooseLog } from "../process/choose_log.ts";
import { certsCommand } from "./ctl/certs.ts";
import { ctlCommand } from "./ctl/ctl.ts";
import { proxyTable } from "./plan/flags.ts";
import { readProxyCommand } from "./plan/options.ts";

export const proxyMode: Mode = {
  name: "proxy",
  summary: proxyTable.summary,
  table: proxyTable,
  subcommands: [ctlCommand, certsCommand],
  topics: async () => (await import("./topics/mod.ts")).proxyTopics,
  async run(argv): Promise<number> {
    const command = readProxyCommand(argv, getVariable);
    chooseLog(command.logFlags);
    const logger = new Logger({ name: "proxy" });
    const { runProxy } = await import("./run.ts");
    return await runProxy(command, logger);
  },
};
