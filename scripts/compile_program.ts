/** The one way in which the program is compiled, for scripts/build and scripts/release alike. */

/** Arguments of `deno` that compile the sources in `root` to `output`. */
export function compileArgs(root: string, output: string): string[] {
  return [
    "compile",
    "--quiet",
    "--allow-all",
    "--unstable-net",
    "--no-check",
    "--frozen",
    "--config",
    `${root}/deno.json`,
    "--include",
    `${root}/mod/load/worker.ts`,
    "--output",
    output,
    `${root}/main.ts`,
  ];
}
