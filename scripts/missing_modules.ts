/** Finds modules that the program imports but that do not exist. */

interface ModuleInfo {
  readonly specifier: string;
  readonly error?: string;
}

/**
 * Modules reachable from main.ts that cannot be loaded, one line each. `deno compile` accepts a
 * missing module in an `import()`, which loads our modes: it would only fail on a user's machine.
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
