/** When a server gives memory back after a flood of clients. */

/** Growth over the smallest use seen that is worth an attempt. */
const slackBytes = 16 * 2 ** 20;
/** Less CPU than this share of one core: a collection disturbs few requests. */
const quietShare = 0.2;
/** A process that is never quiet is given an attempt after so long. */
const busyWaitMs = 60_000;
/** Between attempts: doubled for each one that gains little, as when the memory is in use. */
const waitMinMs = 10_000;
const waitMaxMs = 600_000;

/** What is to be done: nothing; collect garbage and give up spare objects; hand free memory back. */
export type ReleaseStep = "rest" | "collect" | "trim";

/** The state of the process at one moment. */
export interface MemorySample {
  /** Monotonic. */
  readonly nowMs: number;
  readonly anonymousBytes: number;
  readonly cpuMs: number;
  /** Open connections of clients. */
  readonly connectionCount: number;
}

/**
 * Decides from samples, taken every few seconds, what to do after each. An attempt takes four of
 * them: collect, trim, trim again, look at the gain. The second trim is for the pages that V8 gives up
 * when it finds itself idle, some 8 s after the collection.
 */
export class ReleasePlan {
  /** The smallest use seen. */
  #lowBytes = Infinity;
  #last: MemorySample | null = null;
  /** Steps of the attempt under way that were taken; 0: there is none. */
  #stepCount = 0;
  /** When the attempt under way began, or the last one. */
  #before: MemorySample | null = null;
  /** After the last attempt. */
  #after: MemorySample | null = null;
  #waitMs = waitMinMs;
  /** Since when there has been something to gain. */
  #highSinceMs = Infinity;

  /** What to do after `sample`. */
  next(sample: MemorySample): ReleaseStep {
    const isQuiet = this.#isQuiet(sample);
    this.#last = sample;
    this.#lowBytes = Math.min(this.#lowBytes, sample.anonymousBytes);
    if (this.#stepCount > 0 && this.#stepCount++ < 3) return "trim";
    if (this.#stepCount > 0) this.#judge(sample);
    if (!this.#isDue(sample, isQuiet)) return "rest";
    this.#before = sample;
    this.#stepCount = 1;
    return "collect";
  }

  #isQuiet(sample: MemorySample): boolean {
    const last = this.#last;
    if (last === null) return false;
    return sample.cpuMs - last.cpuMs < quietShare * (sample.nowMs - last.nowMs);
  }

  /** The attempt is over. */
  #judge(sample: MemorySample): void {
    const gain = this.#before!.anonymousBytes - sample.anonymousBytes;
    this.#waitMs = gain >= slackBytes / 2 ? waitMinMs : Math.min(2 * this.#waitMs, waitMaxMs);
    this.#stepCount = 0;
    this.#after = sample;
    this.#highSinceMs = Infinity;
  }

  #isDue(sample: MemorySample, isQuiet: boolean): boolean {
    const { nowMs, anonymousBytes } = sample;
    if (anonymousBytes < this.#lowBytes + slackBytes) {
      this.#highSinceMs = Infinity;
      this.#waitMs = waitMinMs;
      return false;
    }
    this.#highSinceMs = Math.min(this.#highSinceMs, nowMs);
    if (!isQuiet && nowMs < this.#highSinceMs + busyWaitMs) return false;
    const after = this.#after;
    return after === null || nowMs >= after.nowMs + this.#waitMs || hasChanged(after, sample);
  }
}

/** There is much more memory than after the last attempt, or most of the clients of then have left. */
function hasChanged(after: MemorySample, now: MemorySample): boolean {
  return now.anonymousBytes >= after.anonymousBytes + slackBytes ||
    2 * now.connectionCount < after.connectionCount;
}
