/** Which test files a change can affect: those that reach a changed file, by imports or by name. */

/** Changes of these can affect every test. */
const everywhere = ["deno.json", "deno.lock", "scripts/bootstrap.sh"];
/** Where source and test files are. */
const places = ["main.ts", "mod", "scripts", "tests"];

/**
 * Paths that differ from where the current commit left main, or from HEAD where there is no main,
 * with those that git does not know yet. Relative to `root`.
 */
export async function changedPaths(root: string): Promise<string[]> {
  const base = (await git(root, "merge-base", "main", "HEAD") ?? "HEAD").trim();
  const differing = await git(root, "diff", "--name-only", "--no-renames", base);
  const unknown = await git(root, "ls-files", "--others", "--exclude-standard");
  if (differing === null || unknown === null) throw new Error(`Cannot ask git in ${root}`);
  return `${differing}${unknown}`.split("\n").filter((path) => path !== "");
}

/** The output of git, or null when it fails. */
async function git(root: string, ...args: string[]): Promise<string | null> {
  const command = new Deno.Command("git", { args, cwd: root, stdin: "null", stderr: "null" });
  const { success, stdout } = await command.output();
  return success ? new TextDecoder().decode(stdout) : null;
}

/** Those of `files` that a change of the paths `changed` can affect; see `usage` of scripts/test. */
export async function affectedFiles(
  root: string,
  files: readonly string[],
  changed: readonly string[],
): Promise<string[]> {
  if (changed.some((path) => everywhere.includes(path))) return [...files];
  const affected = reaching(await readSources(root), new Set(changed));
  return files.filter((file) => affected.has(file) || isModeAffected(file, affected, changed));
}

/** An end-to-end test starts the built program, so no import leads to what it tests. */
function isModeAffected(
  file: string,
  affected: ReadonlySet<string>,
  changed: readonly string[],
): boolean {
  const [, folder] = /^tests\/e2e\/(\w+)\//.exec(file) ?? [];
  switch (folder) {
    case undefined:
      return false;
    case "cli":
    case "modes":
      return affected.has("main.ts");
    case "scripts":
      return changed.some((path) => /^scripts\/(?!checks\/|testing\/)/.test(path));
    default:
      return affected.has(`mod/${folder}/mod.ts`);
  }
}

/** The changed paths and every source that reaches one of them. */
function reaching(
  sources: ReadonlyMap<string, string>,
  changed: ReadonlySet<string>,
): Set<string> {
  const importers = new Map<string, string[]>();
  const names = [...changed].filter((path) => !path.endsWith(".ts"))
    .map((path) => path.slice(path.lastIndexOf("/") + 1));
  const affected = new Set(changed);
  for (const [path, text] of sources) {
    for (const target of targets(path, text)) {
      importers.set(target, [...importers.get(target) ?? [], path]);
    }
    // Data, such as a table of vectors, is read by its name.
    if (names.some((name) => text.includes(name))) affected.add(path);
  }
  for (const path of affected) for (const each of importers.get(path) ?? []) affected.add(each);
  return affected;
}

/**
 * What `text` imports or names: a program that a test starts is named by a path relative to its
 * folder or to the root. Type imports do not count: the stage `types` checks them.
 */
function targets(path: string, text: string): string[] {
  const folder = `file:///${path}`;
  const code = text.replace(/^(import|export) type [^;]*;/gm, "");
  return Array.from(code.matchAll(/(?<![\w.-])[\w./-]+\.ts(?=["'`])/g)).flatMap(([name]) =>
    [new URL(name, folder), new URL(name.replace(/^\/+/, ""), "file:///")]
      .map((url) => url.pathname.slice(1))
  );
}

async function readSources(root: string): Promise<Map<string, string>> {
  const sources = new Map<string, string>();
  const visit = async (path: string): Promise<void> => {
    if (path.endsWith(".ts")) {
      sources.set(path, await Deno.readTextFile(`${root}/${path}`));
      return;
    }
    for await (const { name, isDirectory } of Deno.readDir(`${root}/${path}`)) {
      if (isDirectory || name.endsWith(".ts")) await visit(`${path}/${name}`);
    }
  };
  for (const place of places) await visit(place);
  return sources;
}
