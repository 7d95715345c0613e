/** Detects that the file at a path has changed. */

/** The state of a path at construction. */
export interface PathWatch {
  readonly path: string;
  /** Whether it is still the same file with the same length and times. Makes a system call. */
  isCurrent(): boolean;
}

/**
 * A file modified more recently than this may change again unnoticed, because the kernel's file
 * clock advances in ticks of up to 10 ms, and stands still while a hypervisor runs somebody else
 * (tens of milliseconds on a busy host). So it counts as changed at the next check.
 */
export const settledMs = 1000;

type WatchClass = new (path: string) => PathWatch;

let chosen: WatchClass | null = null;

export function watchPath(path: string): PathWatch {
  return new (chosen ?? PlainWatch)(path);
}

/** Sets the class of new watches. */
export function watchBy(watch: WatchClass): void {
  chosen = watch;
}

/** Makes new watches use statx(2), at half the cost. Needs FFI. */
export async function watchByStatx(): Promise<void> {
  watchBy((await import("./statx_watch.ts")).StatxWatch);
}

/** Uses Deno's own functions. */
export class PlainWatch implements PathWatch {
  readonly path: string;
  readonly #state: string;

  constructor(path: string) {
    this.path = path;
    this.#state = stateOf(path, true);
  }

  isCurrent(): boolean {
    return this.#state === stateOf(this.path, false);
  }
}

function stateOf(path: string, isFirst: boolean): string {
  try {
    const info = Deno.statSync(path);
    const changed = info.ctime?.getTime() ?? 0;
    if (isFirst && Date.now() - changed < settledMs) return "unsettled";
    const { dev, ino, mode, size } = info;
    return `${dev}:${ino}:${mode}:${size}:${info.mtime?.getTime() ?? 0}:${changed}`;
  } catch (error) {
    // An error is a state as well; opening the file reports the details.
    return error instanceof Error ? error.name : "unknown";
  }
}
