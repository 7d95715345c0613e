/** More wake-ups than this in a second wake one worker each; 2,000 cost 1 % of a CPU. */
const wakesMax = 2000;
/** Fewer connections than this in a second, by all workers, wake all of them again. */
const acceptsMin = 1000;
const windowMs = 1000;

/**
 * Whom a new connection wakes. All workers that share the queue, so that the one with the fewest
 * connections takes it; where connections come so fast that this would cost too much, the kernel wakes
 * one of them (EPOLLEXCLUSIVE), and the busy ones are passed over because they do not wait.
 */
export class WakeMode {
  isExclusive = false;
  #sinceMs = -Infinity;
  #wakes = 0;
  #accepts = 0;

  /** Call at each wake-up, with the connections accepted since the last. True: the mode has changed. */
  note(nowMs: number, accepts: number, workerCount: () => number): boolean {
    this.#wakes++;
    this.#accepts += accepts;
    const elapsedMs = nowMs - this.#sinceMs;
    if (elapsedMs < windowMs) return false;
    const perSecond = 1000 / elapsedMs;
    const isBusy = this.isExclusive
      ? this.#accepts * perSecond * workerCount() >= acceptsMin
      : this.#wakes * perSecond > wakesMax;
    this.#sinceMs = nowMs;
    this.#wakes = this.#accepts = 0;
    if (isBusy === this.isExclusive) return false;
    this.isExclusive = isBusy;
    return true;
  }
}
