/** The built program: `dist/hayate` as a child of the test. */
import { Child, type ChildOptions, type ChildResult } from "./child.ts";
import type { Address } from "../../mod/base/address.ts";

/** The checkout's root, without a slash at the end. */
export const root: string = new URL("../..", import.meta.url).pathname.replace(/\/$/, "");

/** The program under test; `HAYATE_BINARY` selects another one, an image's for example. */
export const binaryPath: string = Deno.env.get("HAYATE_BINARY") || `${root}/dist/hayate`;

/** Starts `hayate ARGS...` without waiting for it. */
export function startHayate(args: readonly string[], options: ChildOptions = {}): Child {
  return new Child(binaryPath, args, options);
}

/** Starts `hayate ARGS...` and waits until it accepts connections at `address`. */
export async function startListening(
  args: readonly string[],
  address: Address,
  options: ChildOptions = {},
): Promise<Child> {
  const child = startHayate(args, options);
  try {
    await child.waitForSocket(address);
  } catch (error) {
    await child.stop();
    throw error;
  }
  return child;
}

/** Runs `hayate ARGS...` to its end. */
export async function runHayate(
  args: readonly string[],
  options: ChildOptions = {},
): Promise<ChildResult> {
  return await startHayate(args, options).result();
}

/** Runs any program to its end. */
export async function runProgram(
  program: string,
  args: readonly string[],
  options: ChildOptions = {},
): Promise<ChildResult> {
  return await new Child(program, args, options).result();
}

export { Child, childPids, descendantPids, sleep, trySignal, withTimeout } from "./child.ts";
export type { ChildOptions, ChildResult } from "./child.ts";
