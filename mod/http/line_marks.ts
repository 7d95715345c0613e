/** Marked lines of a head: where they start, in ascending order. */
export class LineMarks {
  count = 0;
  starts: Int32Array<ArrayBuffer> = noStarts;

  clear(): void {
    this.count = 0;
  }

  /** Marks the line that starts at `at`, which is beyond all that are marked. */
  add(at: number): void {
    if (this.count === this.starts.length) {
      const larger = new Int32Array(Math.max(8, 2 * this.count));
      larger.set(this.starts);
      this.starts = larger;
    }
    this.starts[this.count++] = at;
  }
}

const noStarts = new Int32Array(0);
