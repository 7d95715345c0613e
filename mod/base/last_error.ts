/** The last error that this process has logged or printed, for a parent that asks why it failed. */

let last = "";
let listener: ((line: string) => void) | null = null;

/** `text`: of its lines the first counts. */
export function noteError(text: string): void {
  last = text;
}

/** Some parent waits for this process: `tell` sends it one line. */
export function onFailure(tell: (line: string) => void): void {
  listener = tell;
}

/** A parent is waiting, see `onFailure`. */
export function isAwaited(): boolean {
  return listener !== null;
}

/** Tells the parent, if there is one, why this process ends with an exit code other than 0. */
export function tellFailure(): void {
  if (last !== "") listener?.(last.split("\n", 1)[0]);
}
