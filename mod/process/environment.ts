/** The only reader and writer of this process's environment variables. */

/** Variables by name. */
export type Variables = Readonly<Record<string, string>>;

/** The value, or undefined where the variable is not set. */
export function getVariable(name: string): string | undefined {
  return Deno.env.get(name);
}

/** Every variable, as a snapshot. */
export function allVariables(): Record<string, string> {
  return Deno.env.toObject();
}

/** Takes a variable away, so that no child of ours inherits what was meant for us only. */
export function dropVariable(name: string): void {
  Deno.env.delete(name);
}
