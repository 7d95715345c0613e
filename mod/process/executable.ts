/** The running program: how to start it again, and the name it was started by. */

// Read once: after the file is replaced by a newer build, the kernel reports
// "/path/hayate (deleted)", but the newer build is wanted.
const execPath = Deno.execPath();

/** The command to start this program with `args`: the compiled file, or Deno with main.ts in tests. */
export function selfCommand(args: readonly string[]): string[] {
  if (Deno.build.standalone) return [execPath, ...args];
  const main = new URL("../../main.ts", import.meta.url).pathname;
  return [execPath, "run", "--allow-all", "--unstable-net", "--no-check", "--quiet", main, ...args];
}

/**
 * Like `selfCommand`, but with `name` as argv[0], which selects the behaviour of a link called
 * `start_server`. Applies only to the compiled program.
 */
export function selfUnderName(
  name: string,
  args: readonly string[],
): { readonly command: string[]; readonly file?: string } {
  if (!Deno.build.standalone) return { command: selfCommand(["supervise", ...args]) };
  if (name !== "start_server") return { command: selfCommand(["supervise", ...args]) };
  return { command: [name, ...args], file: execPath };
}

/** argv[0] as the user typed it, such as `dist/hayate`; `hayate` when not compiled. */
export function invokedPath(): string {
  if (!Deno.build.standalone) return "hayate";
  return Deno.readTextFileSync("/proc/self/cmdline").split("\0")[0] || "hayate";
}

/** The file of this program on disk, which may be newer than what runs. */
export function programPath(): string {
  return execPath;
}

/** The words that this process was started with, argv[0] included. */
export function commandLine(): string[] {
  return Deno.readTextFileSync("/proc/self/cmdline").split("\0").slice(0, -1);
}
