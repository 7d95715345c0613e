/** Tests that need their own mount namespace, as in a container: they require root on Linux. */
import { Child, type ChildOptions } from "./binary.ts";
import { peerTest } from "./peers.ts";

function isPossible(): boolean {
  try {
    return new Deno.Command("unshare", { args: ["-m", "true"], stdout: "null", stderr: "null" })
      .outputSync().success;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

const needs = isPossible() ? ["setpriv", "curl"] : ["root for unshare -m"];

/** Registers a test that needs `unshare -m`; counts as skipped where that is not permitted. */
export function namespaceTest(name: string, fn: () => Promise<void>): void {
  peerTest(needs, name, fn);
}

/** Runs a shell script in its own mount namespace; `$1` and so on are `args`. */
export function inNamespace(
  script: string,
  args: readonly string[],
  options: ChildOptions = {},
): Child {
  return new Child("unshare", ["-m", "sh", "-e", "-c", script, "sh", ...args], options);
}

/** The path of a file of that namespace, as seen by the test. */
export function pathIn(child: Child, path: string): string {
  return `/proc/${child.pid}/root${path}`;
}
