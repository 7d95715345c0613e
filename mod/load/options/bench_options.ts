/** The options of --plan, which takes everything else from its file. Pure. */
import type { Address } from "../../base/address.ts";
import { readOptions, UsageError } from "../../cli/mod.ts";
import { loadTable } from "./flags.ts";

export interface BenchOptions {
  /** The file of --plan. */
  readonly path: string;
  /** The report, "-" for stdout; null: none. */
  readonly json: string | null;
  readonly html: string | null;
  /** Where Prometheus may ask while it runs; null: nowhere. */
  readonly metrics: Address | null;
  readonly quiet: boolean;
  readonly showSecrets: boolean;
  /** Runs that the report has already are not measured again. */
  readonly resume: boolean;
  readonly argv: readonly string[];
}

const allowed = ["plan", "json", "html", "metrics", "quiet", "showSecrets", "resume"];

/** null without --plan. Throws `UsageError`, or `InfoRequest`. */
export function readBenchOptions(argv: readonly string[]): BenchOptions | null {
  // Whoever asks for no plan has his words read once.
  if (!argv.some((word) => word.startsWith("--plan") || word === "--resume")) return null;
  const { values, given, operands } = readOptions(loadTable, argv);
  const errors: string[] = [];
  if (values.plan === null) {
    if (values.resume) throw new UsageError(["--resume needs --plan"]);
    return null;
  }
  for (const { long, key } of loadTable.options as readonly { long: string; key?: string }[]) {
    const name = key ?? long.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());
    if (!given.has(name) || allowed.includes(name)) continue;
    errors.push(`--plan and --${long} cannot be combined: the file has the settings of its runs`);
  }
  if (operands.length > 0) errors.push("--plan takes no URL: its file has them");
  const { json, html, metrics, quiet, showSecrets, resume } = values;
  if (resume && (json === null || json === "-")) {
    errors.push("--resume needs --json FILE: it goes on from that report");
  }
  if (errors.length > 0) throw new UsageError(errors);
  return { path: values.plan, json, html, metrics, quiet, showSecrets, resume, argv };
}
