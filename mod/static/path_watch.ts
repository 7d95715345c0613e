/** Notices that a path does not name what it named before. */

/** A path as it was when this was made. */
export interface PathWatch {
  readonly path: string;
  /** The same file, with the same length and times. Asks the system each time. */
  isCurrent(): boolean;
}

/**
 * A state that is younger than this may change without a trace: the kernel's clock for files moves
 * in ticks of up to 10 ms. It counts as changed when it is asked for again.
 */
export const settledMs = 20;

type WatchClass = new (path: string) => PathWatch;

let chosen: WatchClass | null = null;

export function watchPath(path: string): PathWatch {
  return new (chosen ?? PlainWatch)(path);
}

/** From now on watches are of this class. */
export function watchBy(watch: WatchClass): void {
  chosen = watch;
}

/** From now on watches ask by statx(2), at half the cost. Needs FFI. */
export async function watchByStatx(): Promise<void> {
  watchBy((await import("./statx_watch.ts")).StatxWatch);
}

/** Asks with Deno's own functions. */
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
    // Whatever keeps us from looking at it is a state as well; opening it tells more.
    return error instanceof Error ? error.name : "unknown";
  }
}
