/** Work to do before the process exits: flush buffered log lines, remove files we made. */

type ExitHook = () => void | Promise<void>;

const hooks = new Set<ExitHook>();

/** Registers `hook` to run at exit. Returns a function that unregisters it. */
export function atExit(hook: ExitHook): () => void {
  hooks.add(hook);
  return () => hooks.delete(hook);
}

/** Runs every hook and waits at most `limitMs` for them. Called once, by `main.ts`. */
export async function runExitHooks(limitMs: number): Promise<void> {
  if (hooks.size === 0) return;
  const all = [...hooks].map(async (hook) => await hook());
  hooks.clear();
  let timer = 0;
  const limit = new Promise<void>((resolve) => timer = setTimeout(resolve, limitMs));
  // A failing hook must not keep the others from running or change the exit code.
  await Promise.race([Promise.allSettled(all), limit]);
  clearTimeout(timer);
}
