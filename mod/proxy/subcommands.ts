/** `hayate proxy ctl` and `certs`, each loaded when it is run: a proxy needs neither. */
import type { Subcommand } from "../cli/mod.ts";
import { certsTable } from "./ctl/certs_flags.ts";
import { ctlTable } from "./ctl/flags.ts";

export const subcommands: readonly Subcommand[] = [
  {
    name: "ctl",
    table: ctlTable,
    run: async (argv) => await (await import("./ctl/ctl.ts")).runCtl(argv),
  },
  {
    name: "certs",
    table: certsTable,
    run: async (argv) => (await import("./ctl/certs.ts")).runCerts(argv),
  },
];
