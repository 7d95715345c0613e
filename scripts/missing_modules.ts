/** Modules that the program names and that are not there. */

interface ModuleInfo {
  readonly specifier: string;
  readonly error?: string;
}

/**
 * What main.ts reaches and cannot be loaded, one line each. `deno compile` lets a missing module pass
 * when it stands behind an `import()`, as our modes do: its absence would show on a user's machine.
 */
export async function missingModules(root: string): Promise<string[]> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["info", "--json", "--config", `${root}/deno.json`, `${root}/main.ts`],
    cwd: root,
    env: { NO_COLOR: "1" },
    stdin: "null",
  }).output();
  if (!success) return [new TextDecoder().decode(stderr).trim()];
  const { modules } = JSON.parse(new TextDecoder().decode(stdout)) as { modules: ModuleInfo[] };
  return modules.flatMap(({ error }) => error === undefined ? [] : [error.split("\n")[0]]);
}
