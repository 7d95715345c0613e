/** Tests that need a mount name space of their own, as a container has one: they run as root on Linux. */
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

/** Registers a test that needs `unshare -m`; counted as skipped where it is not allowed. */
export function namespaceTest(name: string, fn: () => Promise<void>): void {
  peerTest(needs, name, fn);
}

/** Runs a shell script in a mount name space of its own; `$1` and so on are `args`. */
export function inNamespace(
  script: string,
  args: readonly string[],
  options: ChildOptions = {},
): Child {
  return new Child("unshare", ["-m", "sh", "-e", "-c", script, "sh", ...args], options);
}

/** The path of a file of that name space as the test sees it. */
export function pathIn(child: Child, path: string): string {
  return `/proc/${child.pid}/root${path}`;
}
