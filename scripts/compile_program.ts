/**
 * The one way in which the program is compiled, for scripts/build and scripts/release alike.
 *
 * The modules are bundled first: a start looks up, checks and links each module that it needs, and
 * with some ten files in place of a hundred every process starts a fifth faster and is 7 MB smaller.
 */

/** What to compile, and where to. */
export interface Compilation {
  /** The folder of main.ts. */
  readonly root: string;
  readonly output: string;
  /** A folder that does not exist yet, for the bundle; removed at the end. */
  readonly bundle: string;
  readonly env: Readonly<Record<string, string>>;
  /** As `deno compile --target`; by default this machine's. */
  readonly target?: string;
  /** Called with the bundle before it is compiled. */
  readonly seal?: (folder: string) => Promise<void>;
}

/** The entry of a load thread. load_worker.ts asks for it beside itself, and a bundle's chunks lie at the top. */
const worker = {
  source: "mod/load/thread/worker.ts",
  bundled: "mod/load/thread/worker.js",
  asked: "worker.ts",
};

/** Throws with what Deno said when the program cannot be compiled. */
export async function compileProgram(compilation: Compilation): Promise<void> {
  const { root, output, bundle, env, target, seal } = compilation;
  try {
    await runDeno(bundleArgs(root, bundle), root, env);
    await Deno.writeTextFile(`${bundle}/${worker.asked}`, `import "./${worker.bundled}";\n`);
    await seal?.(bundle);
    await runDeno(compileArgs(bundle, output, target), bundle, env);
  } finally {
    await removeIfThere(bundle);
  }
}

function bundleArgs(root: string, folder: string): string[] {
  return [
    "bundle",
    "--quiet",
    "--unstable-net",
    "--frozen",
    "--config",
    `${root}/deno.json`,
    // Packages give their modules as ESM then, which can be shaken, and nothing asks for node:module, whose
    // start every process would pay: 8 ms where an empty program takes 60.
    "--platform",
    "browser",
    "--code-splitting",
    "--outdir",
    folder,
    `${root}/main.ts`,
    `${root}/${worker.source}`,
  ];
}

function compileArgs(folder: string, output: string, target: string | undefined): string[] {
  return [
    "compile",
    ...(target === undefined ? [] : ["--target", target]),
    "--quiet",
    "--allow-all",
    "--unstable-net",
    "--no-check",
    "--no-config",
    "--no-lock",
    // It would lie in the temporary folder under a name that everybody can guess and create first,
    // and what is in it is run unchecked, as root for instance. It saves 3 ms of a start.
    "--no-code-cache",
    "--include",
    `${folder}/${worker.asked}`,
    "--output",
    output,
    `${folder}/main.js`,
  ];
}

async function runDeno(
  args: readonly string[],
  cwd: string,
  env: Readonly<Record<string, string>>,
): Promise<void> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [...args],
    cwd,
    env: { ...env, NO_COLOR: "1" },
    stdin: "null",
  }).output();
  if (success) return;
  const decoder = new TextDecoder();
  const said = (decoder.decode(stderr) + decoder.decode(stdout)).trim().split("\n").slice(-20);
  throw new Error(`Cannot run deno ${args[0]}:\n${said.join("\n")}`);
}

async function removeIfThere(folder: string): Promise<void> {
  await Deno.remove(folder, { recursive: true }).catch((error) => {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  });
}
