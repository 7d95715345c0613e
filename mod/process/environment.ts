/** All access to this process's environment variables. */

/** Variables by name. */
export type Variables = Readonly<Record<string, string>>;

/** The value, or undefined when the variable is not set. */
export function getVariable(name: string): string | undefined {
  return Deno.env.get(name);
}

/** A snapshot of all variables. */
export function allVariables(): Record<string, string> {
  return Deno.env.toObject();
}

/**
 * The environment for another process of this program. Without RUST_BACKTRACE a failed start prints
 * one line instead of a backtrace of the runtime, which does not help users.
 */
export function withoutBacktraces(variables: Variables): Variables {
  if (variables["RUST_BACKTRACE"] === undefined || variables["HAYATE_DEBUG"] === "1") {
    return variables;
  }
  return { ...variables, RUST_BACKTRACE: "0" };
}

/** Sets a variable for this process and the children that inherit its environment. */
export function setVariable(name: string, value: string): void {
  Deno.env.set(name, value);
}

/** Removes a variable that children must not inherit. */
export function dropVariable(name: string): void {
  Deno.env.delete(name);
}
