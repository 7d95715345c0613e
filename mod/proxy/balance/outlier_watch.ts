/** Counters of outlier ejection for one peer. */
export class OutlierWatch {
  errorsInRow = 0;
  /** Within the current interval. */
  attempts = 0;
  errors = 0;
  headerTimeSumMs = 0;
  headerTimeCount = 0;
  /** The peer was ejected during part of the interval. */
  wasOut = false;
  /** Consecutive ejections; each interval in which it served without a fault reduces it by one. */
  level = 0;
  /** In a worker: the master is not asked about this peer again before this time. */
  askedUntilMs = 0;

  /** Mean time to the response head within the interval. */
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
