/** Work that must be done before the process ends: buffered log lines, files that we made. */

type ExitHook = () => void | Promise<void>;

const hooks = new Set<ExitHook>();

/** Registers `hook` for the end of the process; returns the way to take it back. */
export function atExit(hook: ExitHook): () => void {
  hooks.add(hook);
  return () => hooks.delete(hook);
}

/** Runs every hook; waits for them for at most `limitMs`. Called by `main.ts` only, once. */
export async function runExitHooks(limitMs: number): Promise<void> {
  if (hooks.size === 0) return;
  const all = [...hooks].map(async (hook) => await hook());
  hooks.clear();
  let timer = 0;
  const limit = new Promise<void>((resolve) => timer = setTimeout(resolve, limitMs));
  // A hook that fails must not keep another from running, nor change the exit code.
  await Promise.race([Promise.allSettled(all), limit]);
  clearTimeout(timer);
}
