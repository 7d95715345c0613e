/** Reads metrics with Prometheus's own client, which is strict. */
import { assertEquals } from "@std/assert";
import { runProgram } from "./binary.ts";
import { peerPath } from "./peers.ts";
import type { TempFolder } from "./ports.ts";

/** A family as the client understands it. */
export interface MetricFamily {
  readonly type: string;
  readonly unit: string;
  readonly sampleCount: number;
}

const program = `
import json, sys
kind, path = sys.argv[1:]
if kind == "openmetrics":
    from prometheus_client.openmetrics.parser import text_string_to_metric_families
else:
    from prometheus_client.parser import text_string_to_metric_families
with open(path) as f:
    families = list(text_string_to_metric_families(f.read()))
print(json.dumps([[f.name, f.type, f.unit, len(f.samples)] for f in families]))
`;

/** The families by name; fails for a text that the client refuses. */
export async function readFamilies(
  kind: "openmetrics" | "prometheus",
  text: string,
  folder: TempFolder,
): Promise<Map<string, MetricFamily>> {
  const file = await folder.write(`${kind}.txt`, text);
  const script = await folder.write("reader.py", program);
  const python = peerPath("python3-prometheus-client");
  const { code, stdout, stderr } = await runProgram(python, [script, kind, file]);
  assertEquals([code, stderr], [0, ""], `${kind}: ${text}`);
  const rows = JSON.parse(stdout) as [string, string, string, number][];
  return new Map(
    rows.map(([name, type, unit, sampleCount]) => [name, { type, unit, sampleCount }]),
  );
}

/** The value of a sample, or null without one; `labels` exactly as written between the braces. */
export function sampleOf(text: string, name: string, labels = ""): number | null {
  const start = `${name}${labels === "" ? "" : `{${labels}}`} `;
  const line = text.split("\n").find((each) => each.startsWith(start));
  return line === undefined ? null : Number(line.slice(start.length));
}
