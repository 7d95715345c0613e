/** The layer check: reports imports against the layers of mod/README.md, and uses by non-owners. */
import { folderCycles } from "./folder_cycles.ts";
import { lintFindings } from "./lint_runner.ts";

/** Violations in main.ts and mod/ of `root`, as `path:line: why`, and cycles between folders. */
export async function checkLayers(root: string): Promise<string[]> {
  const findings = await lintFindings("layers_plugin.ts", root, ["main.ts", "mod"]);
  return [...findings, ...await folderCycles(root, "mod")];
}

if (import.meta.main) {
  const findings = await checkLayers(new URL("../..", import.meta.url).pathname);
  for (const finding of findings) console.error(finding);
  Deno.exit(findings.length === 0 ? 0 : 1);
}
