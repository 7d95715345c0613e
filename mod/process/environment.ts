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

/**
 * For a process of this very program: what its runtime says at a start that fails is one line, also
 * where RUST_BACKTRACE asks for a backtrace, which nobody can read without its sources.
 */
export function withoutBacktraces(variables: Variables): Variables {
  if (variables["RUST_BACKTRACE"] === undefined || variables["HAYATE_DEBUG"] === "1") {
    return variables;
  }
  return { ...variables, RUST_BACKTRACE: "0" };
}

/** Sets a variable for this process and the children that get all of them. */
export function setVariable(name: string, value: string): void {
  Deno.env.set(name, value);
}

/** Takes a variable away, so that no child of ours inherits what was meant for us only. */
export function dropVariable(name: string): void {
  Deno.env.delete(name);
}
