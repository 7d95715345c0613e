/** What an app is told as a program of its own: its command line, and PORT. */
import { getVariable, setVariable } from "../../process/environment.ts";

/** `Deno.args` without hayate's own words. */
export function setDenoArgs(args: readonly string[]): void {
  Object.defineProperty(Deno, "args", { value: Object.freeze([...args]), configurable: true });
}

/** The same for `process.argv`, which costs a start some modules of Node. */
export function setNodeArgs(path: string, args: readonly string[]): void {
  const { argv } = (globalThis as unknown as { process: { argv: string[] } }).process;
  // In place: `import { argv } from "node:process"` has this array, too.
  argv.splice(1, argv.length, path, ...args);
}

/** Frameworks listen at PORT and print it: it is to be the port that clients reach. */
export function tellPort(port: number): void {
  if (port !== 0 && getVariable("PORT") === undefined) setVariable("PORT", String(port));
}
