/**
 * Compiles the program, for both scripts/build and scripts/release.
 *
 * The modules are bundled, with the packages in them, and minified. `deno compile` gets only the
 * loader of `mod/code`; the bundle becomes the code pack, with what V8 has compiled of it, for which
 * the program is run in each of its roles.
 */
import { encodeAttachment } from "../mod/script/esbuild/attachment.ts";
import { insertInto } from "./packing/insert.ts";
import { makePack } from "./packing/make_pack.ts";

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
  /** Called with the files that `deno compile` gets. */
  readonly seal?: (folder: string) => Promise<void>;
  /**
   * The words that run the target's programs here, none for this machine's own; null: nothing can,
   * and the program then starts as slowly as without V8's caches.
   */
  readonly emulator?: readonly string[] | null;
}

/** Where load_worker.ts looks for the entry of a load thread: beside the main module. */
const threadFile = "worker.ts";

/**
 * What lies outside the heap then raises V8's limit as the heap itself does. Otherwise V8 marks the
 * whole heap for every 16 to 64 MB of array buffers, although those of a body die young: 134 times in
 * 7 GB of uploads instead of 33 (what that costs is in mod/README.md).
 */
const v8Flags = [
  "--external-memory-accounted-in-global-limit",
  // Buffers may grow to twice what has survived the last marking, instead of 1.3 times: some 8 % less
  // CPU for an upload. V8 lets its heap grow up to four times.
  "--external-memory-max-growing-factor=2",
].join();

/** The modules that `deno compile` gets: of the program, and of the one that records. */
const entries = {
  program: { folder: "mod/code", main: "entry", thread: "thread_entry" },
  recorder: { folder: "scripts/packing", main: "recorder_entry", thread: "recorder_thread" },
} as const;

/** Throws with Deno's output when the program cannot be compiled. */
export async function compileProgram(compilation: Compilation): Promise<void> {
  const { root, output, bundle, env, esbuild, emulator = [] } = compilation;
  // V8 writes the URLs of scripts into its caches, and Deno makes them of the program's name.
  const recording = `${bundle}-recorder`;
  const recorder = `${recording}/hayate`;
  try {
    await Deno.mkdir(recording);
    await runDeno(bundleArgs(root, bundle, compilation.isReadable ?? false), root, env);
    if (emulator !== null) await compileEntry(compilation, "recorder", recorder);
    const attachment = encodeAttachment(await Deno.readFile(esbuild));
    const pack = await makePack(bundle, recorder, attachment, emulator);
    await compileEntry(compilation, "program", output);
    await Deno.writeFile(output, insertInto(await Deno.readFile(output), [pack, attachment]));
  } finally {
    for (const path of [bundle, recording]) await removeIfThere(path);
  }
}

/** A program of the loader alone. */
async function compileEntry(
  { root, bundle, env, target, seal }: Compilation,
  which: keyof typeof entries,
  output: string,
): Promise<void> {
  const { folder, main, thread } = entries[which];
  const stage = `${bundle}-stage`;
  try {
    const sources = [main, thread].map((name) => `${root}/${folder}/${name}.ts`);
    await runDeno(
      [...commonBundleArgs(root), "--minify", "--outdir", stage, ...sources],
      root,
      env,
    );
    await Deno.writeTextFile(`${stage}/${threadFile}`, `import "./${thread}.js";\n`);
    await seal?.(stage);
    await runDeno(compileArgs(stage, `${main}.js`, output, target), stage, env);
  } finally {
    await removeIfThere(stage);
  }
}

function bundleArgs(root: string, folder: string, isReadable: boolean): string[] {
  return [
    ...commonBundleArgs(root),
    "--code-splitting",
    ...(isReadable ? [] : ["--minify"]),
    "--outdir",
    folder,
    `${root}/main.ts`,
    `${root}/mod/load/thread/worker.ts`,
  ];
}

function commonBundleArgs(root: string): string[] {
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
  ];
}

function compileArgs(
  folder: string,
  main: string,
  output: string,
  target: string | undefined,
): string[] {
  return [
    "compile",
    ...(target === undefined ? [] : ["--target", target]),
    "--quiet",
    "--allow-all",
    "--unstable-net",
    "--no-check",
    "--no-config",
    "--no-lock",
    // Deno's cache would be in the temporary folder under a predictable name that any user can create
    // first, and its content runs unchecked, possibly as root. Ours is in the code pack.
    "--no-code-cache",
    `--v8-flags=${v8Flags}`,
    "--include",
    `${folder}/${threadFile}`,
    "--output",
    output,
    `${folder}/${main}`,
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
