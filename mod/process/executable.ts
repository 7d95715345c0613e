/** This very program: how to start it again, and the name it was started by. */

// Read once: after the file has been replaced by a newer build the kernel would say
// "/path/hayate (deleted)", while we want the newer build.
const execPath = Deno.execPath();

/** The command that starts this program with `args`: the compiled file, or Deno on main.ts in tests. */
export function selfCommand(args: readonly string[]): string[] {
  if (Deno.build.standalone) return [execPath, ...args];
  const main = new URL("../../main.ts", import.meta.url).pathname;
  return [execPath, "run", "--allow-all", "--unstable-net", "--no-check", "--quiet", main, ...args];
}

/**
 * As `selfCommand`, but under another name: argv[0] is what decides that a link called
 * `start_server` was meant. Only the compiled program can be started so.
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
