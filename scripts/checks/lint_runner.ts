/** Runs one of our plugins over the tree through `deno lint` and returns its findings as lines. */

interface Diagnostic {
  filename: string;
  range: { start: { line: number } };
  message: string;
}

/**
 * Findings of the plugin in `scripts/checks/PLUGIN` over `paths` of `root`, as `path:line: message`.
 * Throws when deno lint itself fails, so that a broken plugin cannot pass for a clean tree.
 */
export async function lintFindings(
  plugin: string,
  root: string,
  paths: readonly string[],
): Promise<string[]> {
  const config = await Deno.makeTempFile({ prefix: "hayate-lint-", suffix: ".json" });
  try {
    const plugins = [new URL(plugin, import.meta.url).href];
    await Deno.writeTextFile(config, JSON.stringify({ lint: { plugins, rules: { tags: [] } } }));
    const command = new Deno.Command(Deno.execPath(), {
      args: ["lint", "--json", "--config", config, ...paths],
      cwd: root,
      env: { NO_COLOR: "1" },
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    });
    const { stdout, stderr } = await command.output();
    const decoder = new TextDecoder();
    return readFindings(root, decoder.decode(stdout), decoder.decode(stderr));
  } finally {
    await Deno.remove(config);
  }
}

function readFindings(root: string, stdout: string, stderr: string): string[] {
  const report = stdout.startsWith("{") ? JSON.parse(stdout) : null;
  if (report === null) throw new Error(`Cannot run deno lint: ${stderr.trim()}`);
  const errors = report.errors as { file_path: string; message: string }[];
  return [
    ...errors.map((error) => `${error.file_path}: ${error.message}`),
    ...(report.diagnostics as Diagnostic[]).map((found) =>
      `${
        relativeTo(root, new URL(found.filename).pathname)
      }:${found.range.start.line}: ${found.message}`
    ),
  ];
}

/** `filename` relative to the tree under check: deno lint, and so the plugin, runs in its root. */
export function pathInTree(filename: string): string {
  return relativeTo(Deno.cwd(), filename);
}

function relativeTo(root: string, filename: string): string {
  const folder = `${root.replace(/\/+$/, "")}/`;
  return filename.startsWith(folder) ? filename.slice(folder.length) : filename;
}
