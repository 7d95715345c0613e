import { exitCodes, StartError } from "../../base/errors.ts";

/**
 * Awaits `start`, one step of starting the app at `path`. Throws StartError when it takes longer
 * than `limitMs` (0: no limit), because a promise that never settles would hang without a message.
 */
export async function inStartTime<T>(
  start: T | Promise<T>,
  limitMs: number,
  path: string,
  step = "its top-level await",
): Promise<T> {
  if (limitMs === 0) return await start;
  let timer = 0;
  const timeout = new Promise<never>((_, reject) => {
    const message = `${path}: not started after ${limitMs / 1000} s: ${step} has not settled ` +
      "(--start-timeout)";
    timer = setTimeout(() => reject(new StartError(message, exitCodes.config)), limitMs);
  });
  try {
    return await Promise.race([start, timeout]);
  } finally {
    clearTimeout(timer);
  }
}
