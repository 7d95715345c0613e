/** What is wrong with the placeholders of the command line, besides those of URLs. Pure. */
import type { ParsedOptions } from "../../cli/mod.ts";
import { readPlaceholders, TemplateFault } from "../request/placeholders.ts";
import type { loadTable } from "./flags.ts";
import { columnOf } from "../plan/template_target.ts";

/** One line for each fault, and for flags that --template cannot be combined with. */
export function templateFaults({ values }: ParsedOptions<typeof loadTable>): string[] {
  const faults: string[] = [];
  const check = (where: string, text: string) => {
    const parts = readPlaceholders(text);
    if (parts instanceof TemplateFault) faults.push(`${where}: ${columnOf(parts)}`);
  };
  for (const { name, value } of values.header) {
    const shown = `${name}: ${value}`;
    check(`--header '${shown}'`, shown);
  }
  if (values.host !== null) check("--host", values.host);
  // With `@` the text is in a file, which is read later.
  if (values.body !== null && !/^@(?!@)/.test(values.body)) check("--body", values.body);
  if (values.script !== null) {
    faults.push("--template and --script cannot be combined: the script makes the requests");
  }
  return faults;
}
