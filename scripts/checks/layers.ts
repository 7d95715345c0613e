/** The layer check: fails on an import that breaks the layers of mod/README.md and on a second owner of anything. */
import { lintFindings } from "./lint_runner.ts";

/** Everything in main.ts and mod/ of `root` that breaks the layers, as `path:line: why`. */
export async function checkLayers(root: string): Promise<string[]> {
  return await lintFindings("layers_plugin.ts", root, ["main.ts", "mod"]);
}

if (import.meta.main) {
  const findings = await checkLayers(new URL("../..", import.meta.url).pathname);
  for (const finding of findings) console.error(finding);
  Deno.exit(findings.length === 0 ? 0 : 1);
}
