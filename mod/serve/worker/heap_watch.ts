/** `--max-heap`: a worker asks to be replaced before its heap is full. */

/** How often the heap is measured; it takes 90 us. */
const everyMs = 200;
/**
 * The least of this many measurements counts: between two collections a heap is also full of what
 * nobody uses any more.
 */
const windowCount = 5;
/** The part of the limit at which the replacement begins, so that the old worker can still drain. */
const nearlyFull = 0.9;

export interface HeapClock {
  setTimer(delayMs: number, callback: () => void): number;
}

/** Both are called at most once, and not both. */
export interface HeapEvents {
  /** The heap is nearly full. */
  onFull(usedBytes: number): void;
  /** It has been from the start, so a new worker would not help. */
  onFullAtStart(usedBytes: number): void;
}

/** `usedBytes` measures the heap. */
export function watchHeap(
  clock: HeapClock,
  bytesMax: number,
  usedBytes: () => number,
  events: HeapEvents,
): void {
  const limit = nearlyFull * bytesMax;
  const recent: number[] = [];
  let isFirst = true;
  const look = () => {
    recent.push(usedBytes());
    if (recent.length < windowCount) return void clock.setTimer(everyMs, look);
    const least = Math.min(...recent);
    if (least >= limit) return isFirst ? events.onFullAtStart(least) : events.onFull(least);
    isFirst = false;
    recent.shift();
    clock.setTimer(everyMs, look);
  };
  look();
}
