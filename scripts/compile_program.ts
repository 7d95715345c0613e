/**
 * Compiles the program, for both scripts/build and scripts/release.
 *
 * The modules are bundled first: at start-up Deno looks up, checks and links each module, and with
 * about ten files instead of a hundred every process starts a fifth faster and is 7 MB smaller. The
 * bundle holds the packages, too, so that a module of npm costs at start what one of ours does.
 *
 * The bundle is minified: Deno copies all of it into the memory of each process at start, twice,
 * and V8 reads each character of a mode's files. Half the characters are a tenth of a start's CPU
 * time and 2 MB in each process.
 */
import { attach } from "../mod/script/esbuild/attachment.ts";

/** What to compile, and where to. */
export interface Compilation {
  /** The folder of main.ts. */
  readonly root: string;
  readonly output: string;
  /** Keeps names and lines, for stack traces and profiles. */
  readonly isReadable?: boolean;
  /** Folder for the bundle; must not exist; removed at the end. */
  readonly bundle: string;
  readonly env: Readonly<Record<string, string>>;
  /** The program that `mod/script` runs, packed; for the target's CPU. */
  readonly esbuild: string;
  /** As for `deno compile --target`; default: this machine. */
  readonly target?: string;
  /** Called with the bundle before it is compiled. */
  readonly seal?: (folder: string) => Promise<void>;
}

/** A load thread's entry; load_worker.ts, in a chunk at the bundle's top, looks for it beside it. */
const worker = {
  source: "mod/load/thread/worker.ts",
  bundled: "mod/load/thread/worker.js",
  asked: "worker.ts",
};

/** Throws with Deno's output when the program cannot be compiled. */
export async function compileProgram(compilation: Compilation): Promise<void> {
  const { root, output, bundle, env, esbuild, target, seal, isReadable = false } = compilation;
  try {
    await runDeno(bundleArgs(root, bundle, isReadable), root, env);
    await Deno.writeTextFile(`${bundle}/${worker.asked}`, `import "./${worker.bundled}";\n`);
    await seal?.(bundle);
    await runDeno(compileArgs(bundle, output, target), bundle, env);
    const program = attach(await Deno.readFile(output), await Deno.readFile(esbuild));
    await Deno.writeFile(output, program);
  } finally {
    await removeIfThere(bundle);
  }
}

function bundleArgs(root: string, folder: string, isReadable: boolean): string[] {
  return [
    "bundle",
    "--quiet",
    "--unstable-net",
    "--frozen",
    "--config",
    `${root}/deno.json`,
    // Selects the packages' ESM modules, which can be tree-shaken, and avoids node:module, which
    // would cost every process 8 ms at start, where an empty program takes 60.
    "--platform",
    "browser",
    "--code-splitting",
    ...(isReadable ? [] : ["--minify"]),
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
    // The cache would be in the temporary folder under a predictable name that any user can create
    // first, and its content runs unchecked, possibly as root. It saves only 3 ms per start.
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
