/** What outlier ejection counts of one peer. */
export class OutlierWatch {
  errorsInRow = 0;
  /** Within the interval under way. */
  attempts = 0;
  errors = 0;
  headerTimeSumMs = 0;
  headerTimeCount = 0;
  /** It was out for some of the interval. */
  wasOut = false;
  /** Ejections that followed one another; each interval in which it served well takes one off. */
  level = 0;
  /** In a worker: until when the master is not asked about it again. */
  askedUntilMs = 0;

  /** Mean time to the head within the interval. */
  get meanMs(): number {
    return this.headerTimeSumMs / this.headerTimeCount;
  }

  beginInterval(isOut: boolean): void {
    this.wasOut = isOut;
    this.attempts =
      this.errors =
      this.headerTimeSumMs =
      this.headerTimeCount =
        0;
  }
}
