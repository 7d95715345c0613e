import { exitCodes, StartError } from "../base/errors.ts";

/**
 * The value of `start`, a step of the start of the app at `path`. Throws StartError when it takes
 * longer than `limitMs` (0: any time): a promise that never settles would be an endless silence.
 */
export async function inStartTime<T>(
  start: T | Promise<T>,
  limitMs: number,
  path: string,
  step = "its top-level await",
): Promise<T> {
  if (limitMs === 0) return await start;
  let timer = 0;
  const late = new Promise<never>((_, reject) => {
    const message = `${path}: not started after ${limitMs / 1000} s: ${step} has not settled ` +
      "(--start-timeout)";
    timer = setTimeout(() => reject(new StartError(message, exitCodes.config)), limitMs);
  });
  try {
    return await Promise.race([start, late]);
  } finally {
    clearTimeout(timer);
  }
}
